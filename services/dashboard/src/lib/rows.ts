// The rows of a table that is sorted by its heads. The server has them in one order; another needs all of them. Up to
// a thousand are asked for at once; more are read when the reader says so, as they were known at one moment.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { View } from './answers';
import { askAll, PAGE, PAGE_MAX, urlOf, useRows, type Rows } from './api';
import type { Params } from './url';

// Beyond these a table is read as a file.
const SORTED_MAX = 100_000;

export interface Whole {
  read: number | null;        // So many have been read of all; null: they are not being read.
  moment: string | null;      // As known at this moment all of them stand there.
  state: 'offered' | 'reading' | 'failed' | 'too_many' | 'there';
  ask: () => void;
}

export interface TableRows<Answer, Row> extends Rows<Answer, Row> {
  whole: Whole | null;  // Where the order that was chosen needs more rows than are shown.
}

interface All<Answer, Row> {
  url: string;
  state: 'reading' | 'failed' | 'too_many' | 'there';
  read: number;
  rows: Row[];
  answer?: Answer;
  moment: string | null;
}

class Given extends Error {}  // Up: another question is asked by now.

// `sort`: what the address says of the order; none: the server's.
export function useTable<Answer extends Pick<View, 'newest_recorded_at' | 'next_page_token'>, Row>(path: string | null, params: Params, rowsOf: (answer: Answer) => Row[], sort: string | undefined, size = PAGE): TableRows<Answer, Row> {
  const page = useRows<Answer, Row>(path, params, rowsOf, sort ? PAGE_MAX : size);
  const url = path === null ? '' : urlOf(path, params), wanted = useRef('');
  const [all, setAll] = useState<All<Answer, Row> | null>(null);
  const own = sort && all?.url === url ? all : null;
  useEffect(() => {
    wanted.current = sort ? url : '';
    return () => {
      wanted.current = '';
    };
  }, [url, sort]);

  const ask = () => {
    if (path === null) return;
    const moment = (params.known_at as string | undefined) ?? page.data?.newest_recorded_at ?? null;
    const begun: All<Answer, Row> = { url, state: 'reading', read: 0, rows: [], moment };
    setAll(begun);
    askAll<Answer, Row>(path, { ...params, known_at: moment }, rowsOf, SORTED_MAX, (read) => {
      if (wanted.current !== url) throw new Given();
      setAll({ ...begun, read });
    }).then(({ rows, last, complete }) => setAll({ ...begun, state: complete ? 'there' : 'too_many', read: rows.length, rows: complete ? rows : [], answer: last }),
      (error) => setAll(error instanceof Given ? null : { ...begun, state: 'failed' }));
  };

  if (own?.state === 'there') {
    return { ...page, data: own.answer, rows: own.rows, more: null, complete: true, whole: { read: own.read, moment: own.moment, state: 'there', ask } };
  }
  const lacks = sort !== undefined && page.data !== undefined && !page.complete;
  return { ...page, whole: lacks ? { read: own ? own.read : null, moment: null, state: own?.state ?? 'offered', ask } : null };
}
