import test from 'node:test';
import assert from 'node:assert/strict';
import { inPlace, moves } from '../src/lib/order';

const own = (key: string): string => key;
const CASES: [before: string, now: string, placed: string, moved: number][] = [
  ['abc', 'abc', 'abc', 0],
  ['abc', 'cab', 'abc', 1],
  ['abcd', 'dcba', 'abcd', 3],
  ['abc', 'axbc', 'abcx', 1],   // A new row stands behind until it is sorted again.
  ['abc', 'abcx', 'abcx', 0],
  ['abcd', 'abd', 'abd', 0],    // One that is gone moves nothing.
  ['', 'ab', 'ab', 0],
];

test('rows stay where they were, and how many would move is the least there is', () => {
  for (const [before, now, placed, moved] of CASES) {
    const shown = inPlace([...now], own, [...before]);
    assert.equal(shown.join(''), placed, `${before} → ${now}`);
    assert.equal(moves(shown, [...now]), moved, `${before} → ${now}`);
  }
});
