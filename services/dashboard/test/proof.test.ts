import test from 'node:test';
import assert from 'node:assert/strict';
import { holdsAll, salesProof } from '../src/lib/proof';

const cases = [
  { name: 'what rows come to is what is kept', proof: [{ currency: 'CNY', kept: { ordered: '10.00' }, difference: { ordered: '0.00' } }], totals: [{ currency: 'CNY', ordered: '10.00' }], holds: true, differences: ['0.00'] },
  { name: 'the server says that rows differ', proof: [{ currency: 'CNY', kept: { ordered: '10.00' }, difference: { ordered: '1.50' } }], totals: [{ currency: 'CNY', ordered: '11.50' }], holds: false, differences: ['1.50'] },
  { name: 'a total that is shown is not what is kept', proof: [{ currency: 'CNY', kept: { ordered: '10.00' }, difference: { ordered: '0.00' } }], totals: [{ currency: 'CNY', ordered: '9.00' }], holds: false, differences: ['-1.00'] },
  { name: 'something is kept of a currency that no total has', proof: [{ currency: 'EUR', kept: { ordered: '5.00' }, difference: { ordered: '-5.00' } }], totals: [], holds: false, differences: ['-5.00'] },
  { name: 'nothing was sold, nothing is kept', proof: [], totals: [{ currency: 'JPY', ordered: '0' }], holds: true, differences: ['0'] },
  { name: 'an amount of which nothing is kept', proof: [], totals: [{ currency: 'JPY', ordered: '7' }], holds: false, differences: ['7'] },
  { name: 'currencies each for themselves, in their order', proof: [{ currency: 'EUR', kept: { ordered: '2.00' }, difference: { ordered: '0.00' } }, { currency: 'CNY', kept: { ordered: '1.00' }, difference: { ordered: '0.25' } }], totals: [{ currency: 'EUR', ordered: '2.00' }, { currency: 'CNY', ordered: '1.25' }], holds: false, differences: ['0.25', '0.00'] },
];

for (const { name, proof, totals, holds, differences } of cases) {
  test(`the proof of sales: ${name}`, () => {
    const proven = salesProof({ proof, totals }, 'ordered');
    assert.equal(holdsAll(proven), holds);
    assert.deepEqual(proven.map(({ difference }) => difference), differences);
  });
}
