// A table as a file, for what stands on a page and in no list of the server: by the server's own rules, so that both
// read alike. JSON names head the columns, nested ones with a point; lists are JSON text; text stays text.
import { isDay } from './dates';

export interface Sheet {
  columns: string[];
  rows: (string | number | null)[][];
  decimals: Set<string>;  // Columns of decimal text: amounts, quantities.
}

function flatten(value: object, prefix: string, into: Map<string, string | number | null>): void {
  for (const [name, part] of Object.entries(value)) {
    if (part === null || typeof part === 'string' || typeof part === 'number') into.set(prefix + name, part);
    else if (Array.isArray(part) || typeof part !== 'object') into.set(prefix + name, JSON.stringify(part));
    else flatten(part, `${prefix}${name}.`, into);
  }
}

export function sheetOf(rows: object[], decimals: string[]): Sheet {
  const flat = rows.map((row) => {
    const into = new Map<string, string | number | null>();
    flatten(row, '', into);
    return into;
  });
  const columns = [...new Set(flat.flatMap((row) => [...row.keys()]))];
  return { columns, rows: flat.map((row) => columns.map((name) => row.get(name) ?? null)), decimals: new Set(decimals) };
}

// Text that a spreadsheet would take for a formula has an apostrophe in front.
const harmless = (text: string): string => (/^[=+\-@\t\r＝＋－＠]/.test(text) ? `'${text}` : text);
const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);

export function csvOf({ columns, rows, decimals }: Sheet): string {
  const cell = (value: string | number | null, i: number): string =>
    value === null ? '' : typeof value === 'number' || decimals.has(columns[i]) ? String(value) : quoted(harmless(value));
  return [columns.map(quoted), ...rows.map((row) => row.map(cell))].map((line) => line.join(',') + '\r\n').join('');
}

// XML has no control characters; halves of pairs are replaced where the text becomes bytes.
const xml = (text: string): string => text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
  .replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

const DECIMALS_MAX = 4;
const DATE_STYLE = DECIMALS_MAX + 1;
// Beyond so many digits a spreadsheet rounds, and it has days from March 1900 on.
const DIGITS_MAX = 15;
const FIRST_DAY = '1900-03-01';
const DATES = /(^|[._])(date|from|until|as_of)$/;

function cellXml(value: string | number | null, column: string, decimals: Set<string>): string {
  if (value === null) return '<c/>';
  const text = String(value), digits = text.replace(/[-.]/g, '').length, fraction = text.split('.')[1]?.length ?? 0;
  if ((typeof value === 'number' || decimals.has(column)) && digits <= DIGITS_MAX && fraction <= DECIMALS_MAX) return `<c s="${fraction}"><v>${text}</v></c>`;
  if (DATES.test(column) && isDay(text) && text >= FIRST_DAY) return `<c s="${DATE_STYLE}"><v>${(Date.parse(text) - Date.UTC(1899, 11, 30)) / 864e5}</v></c>`;
  return `<c t="inlineStr"><is><t xml:space="preserve">${xml(text)}</t></is></c>`;
}

const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';
const TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

const worksheet = (rows: string[][]): string => `${HEAD}<worksheet xmlns="${MAIN}"><sheetData>${rows.map((row) => `<row>${row.join('')}</row>`).join('')}</sheetData></worksheet>`;
const plainRow = (values: string[]): string[] => values.map((value) => cellXml(value, '', new Set()));

// A workbook of two sheets: what the table is of, and its rows.
export function xlsxOf(name: string, { columns, rows, decimals }: Sheet, cover: [string, string][]): Uint8Array {
  const sheets = ['report', name.replace(/[[\]:*?/\\]/g, ' ').slice(0, 31)];
  const formats = Array.from({ length: DECIMALS_MAX + 1 }, (_, i) => (i ? `#,##0.${'0'.repeat(i)}` : '0')).concat('yyyy-mm-dd');
  const files: [string, string][] = [
    ['[Content_Types].xml', `${HEAD}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="${TYPE}.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="${TYPE}.styles+xml"/>${sheets.map((_, i) => `<Override PartName="/xl/worksheets/sheet${i + 1}.xml" ContentType="${TYPE}.worksheet+xml"/>`).join('')}</Types>`],
    ['_rels/.rels', `${HEAD}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="r1" Type="${OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>`],
    ['xl/workbook.xml', `${HEAD}<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets>${sheets.map((sheet, i) => `<sheet name="${xml(sheet).replace(/"/g, '&quot;')}" sheetId="${i + 1}" r:id="r${i + 1}"/>`).join('')}</sheets></workbook>`],
    ['xl/_rels/workbook.xml.rels', `${HEAD}<Relationships xmlns="${PACKAGE}/relationships">${sheets.map((_, i) => `<Relationship Id="r${i + 1}" Type="${OFFICE}/worksheet" Target="worksheets/sheet${i + 1}.xml"/>`).join('')}<Relationship Id="r${sheets.length + 1}" Type="${OFFICE}/styles" Target="styles.xml"/></Relationships>`],
    ['xl/styles.xml', `${HEAD}<styleSheet xmlns="${MAIN}"><numFmts count="${formats.length}">${formats.map((format, i) => `<numFmt numFmtId="${164 + i}" formatCode="${format}"/>`).join('')}</numFmts><fonts count="1"><font/></fonts><fills count="1"><fill/></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="${formats.length}">${formats.map((_, i) => `<xf numFmtId="${164 + i}" applyNumberFormat="1"/>`).join('')}</cellXfs></styleSheet>`],
    ['xl/worksheets/sheet1.xml', worksheet(cover.map(plainRow))],
    ['xl/worksheets/sheet2.xml', worksheet([plainRow(columns), ...rows.map((row) => row.map((value, i) => cellXml(value, columns[i], decimals)))])],
  ];
  return zipped(files.map(([path, text]) => [path, new TextEncoder().encode(text)]));
}

const CRC_TABLE = Array.from({ length: 256 }, (_, n) => {
  for (let i = 0; i < 8; ++i) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n >>> 0;
});
const crcOf = (bytes: Uint8Array): number => (bytes.reduce((crc, byte) => CRC_TABLE[(crc ^ byte) & 255] ^ (crc >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0;

// Files stored one behind the other, and their directory.
function zipped(files: [string, Uint8Array][]): Uint8Array {
  const parts: Uint8Array[] = [], directory: Uint8Array[] = [];
  const record = (signature: number, fields: [size: 2 | 4, value: number][], ...tail: Uint8Array[]): Uint8Array[] => {
    const head = new DataView(new ArrayBuffer(4 + fields.reduce((all, [size]) => all + size, 0)));
    head.setUint32(0, signature, true);
    let at = 4;
    for (const [size, value] of fields) {
      if (size === 2) head.setUint16(at, value, true);
      else head.setUint32(at, value, true);
      at += size;
    }
    return [new Uint8Array(head.buffer), ...tail];
  };
  const length = (all: Uint8Array[]): number => all.reduce((sum, part) => sum + part.length, 0);
  for (const [path, bytes] of files) {
    const name = new TextEncoder().encode(path), at = length(parts);
    // Version 2.0, no flags, stored, 1 January 1980.
    const common: [2 | 4, number][] = [[2, 20], [2, 0], [2, 0], [2, 0], [2, 33], [4, crcOf(bytes)], [4, bytes.length], [4, bytes.length], [2, name.length], [2, 0]];
    parts.push(...record(0x04034b50, common, name, bytes));
    directory.push(...record(0x02014b50, [[2, 20], ...common, [2, 0], [2, 0], [2, 0], [4, 0], [4, at]], name));
  }
  const end = record(0x06054b50, [[2, 0], [2, 0], [2, files.length], [2, files.length], [4, length(directory)], [4, length(parts)], [2, 0]]);
  const all = [...parts, ...directory, ...end], whole = new Uint8Array(length(all));
  let at = 0;
  for (const part of all) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
