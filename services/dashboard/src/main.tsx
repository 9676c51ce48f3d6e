// The dashboard: reads the address, asks the server, draws the page. Everything it shows is an answer of /v1.
import { render } from 'preact';
import { useLayoutEffect, useMemo, useState } from 'preact/hooks';
import { AppContext, linksOf, type App } from './lib/app';
import { isDay } from './lib/dates';
import type { Lang } from './lib/format';
import { askTotals } from './lib/figures';
import { listen } from './lib/keys';
import { useLive } from './lib/live';
import { parseCell } from './lib/cells';
import { parseAddress } from './lib/url';
import { words } from './lib/words';
import { Failed } from './parts/basics';
import { CellPanel, CellRows } from './parts/cell';
import { Patterns } from './parts/charts';
import { Frame, SectionLinks } from './parts/frame';
import { Page } from './parts/page';
import { AgeingPage } from './pages/ageing';
import { CustomersPage, ReconcilePage, WorklistPage } from './pages/collections';
import { AnomaliesPage, ParkedPage, StatusPage } from './pages/control';
import { CustomerPage } from './pages/customer';
import { CreditNotePage, OrderPage, PaymentPage, ShipmentPage } from './pages/documents';
import { InvoicePage } from './pages/invoice';
import { CyclePage, OnTimePage, OpenOrdersPage } from './pages/orders';
import { Overview } from './pages/overview';
import { RecordPage } from './pages/record';
import { BridgePage, RestatementPage } from './pages/receivables';
import { SalesPage } from './pages/sales';
import { StatementPage } from './pages/statement';

// What a reader chose stays in this browser: language, theme, density, single keys.
function remembered(name: string): string | null {
  try {
    return localStorage.getItem(`daybook.${name}`);
  } catch {
    return null;  // Without storage each visit begins with the defaults.
  }
}
function remember(name: string, value: string): void {
  try {
    localStorage.setItem(`daybook.${name}`, value);
  } catch {
    // As above.
  }
}

function useHash(): string {
  const [hash, setHash] = useState(location.hash);
  useLayoutEffect(() => {
    const changed = () => setHash(location.hash);
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return hash;
}

function langOf(param: string | undefined): Lang {
  const wanted = param ?? remembered('lang') ?? navigator.language;
  return wanted.startsWith('zh') ? 'zh' : 'en';
}

function route(path: string[], cell: string | undefined) {
  const [first = '', second = ''] = path;
  if (path.length === 0) return <Overview />;
  switch (path.length === 2 && first === 'receivables' ? second : '') {
    case 'ageing': return <AgeingPage />;
    case 'roll-forward': return <BridgePage />;
    case 'restatement': return <RestatementPage />;
    case 'worklist': return <WorklistPage />;
    case 'reconcile': return <ReconcilePage />;
  }
  if (path.length === 1) {
    switch (first) {
      case 'customers': return <CustomersPage />;
      case 'order-cycle': return <CyclePage />;
      case 'on-time': return <OnTimePage />;
      case 'open-orders': return <OpenOrdersPage />;
      case 'sales': return <SalesPage />;
      case 'anomalies': return <AnomaliesPage />;
      case 'parked': return <ParkedPage />;
      case 'status': return <StatusPage />;
      case 'rows': return cell ? <RowsPage cell={cell} /> : <NotFound />;
    }
  }
  if (path.length === 2) {
    switch (first) {
      case 'customers': return <CustomerPage key={second} id={second} />;
      case 'invoices': return <InvoicePage key={second} id={second} />;
      case 'payments': return <PaymentPage key={second} id={second} />;
      case 'credit-notes': return <CreditNotePage key={second} id={second} />;
      case 'orders': return <OrderPage key={second} id={second} />;
      case 'shipments': return <ShipmentPage key={second} id={second} />;
    }
  }
  if (first === 'customers' && path[2] === 'statement' && path.length === 3) return <StatementPage key={second} id={second} />;
  if (first === 'events' && path.length === 4) return <RecordPage topic={second} partition={path[2]} offset={path[3]} />;
  return <NotFound />;
}

function NotFound() {
  const t = words(document.documentElement.lang.startsWith('zh') ? 'zh' : 'en');
  return <Page title={t('not_there')}><p><a class="lnk" href="#/">{t('overview')}</a></p></Page>;
}

// The rows of a cell on an address of their own.
function RowsPage({ cell }: { cell: string }) {
  const parsed = parseCell(cell), t = words(document.documentElement.lang.startsWith('zh') ? 'zh' : 'en');
  if (!parsed) return <NotFound />;
  return <Page title={t('cell_rows')}><section class="panel rowsp"><CellRows cell={parsed} /></section></Page>;
}

function Dashboard() {
  const live = useLive(), hash = useHash();
  const address = useMemo(() => parseAddress(hash), [hash]);
  const lang = langOf(address.params.lang), t = words(lang);
  const [dark, setDark] = useState(() => remembered('theme') ?? ''), [compact, setCompact] = useState(() => remembered('density') === 'compact');
  const [keyboard, showKeyboard] = useState(false), [singles, setSingles] = useState(() => remembered('keys') !== 'off');
  const links = linksOf(address);

  useLayoutEffect(() => {
    document.documentElement.lang = lang === 'zh' ? 'zh-CN' : 'en';
    if (address.params.lang) remember('lang', lang);
  }, [lang]);
  useLayoutEffect(() => {
    const root = document.documentElement;
    if (dark) root.dataset.theme = dark;
    else delete root.dataset.theme;
    root.dataset.density = compact ? 'compact' : '';
  }, [dark, compact]);
  // Another page begins at its top, and a reader is told where.
  const place = address.path.join('/');
  useLayoutEffect(() => scrollTo(0, 0), [place]);
  useLayoutEffect(() => listen({
    place: (path) => links.go(links.href(path)),
    today: () => links.go(links.here({ as_of: undefined, from: undefined, to: undefined })),
    up: () => {
      const crumbs = [...document.querySelectorAll<HTMLAnchorElement>('.crumbs a')];
      if (address.params.cell) links.go(links.here({}));
      else crumbs[crumbs.length - 1]?.click();
    },
    density: () => {
      remember('density', compact ? 'regular' : 'compact');
      setCompact(!compact);
    },
    keyboard: () => showKeyboard((shown) => !shown),
    singles: () => singles,
  }), [hash, compact, singles]);

  const theme = () => {
    const now = dark ? dark === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    remember('theme', now ? 'light' : 'dark');
    setDark(now ? 'light' : 'dark');
  };
  const { status } = live;
  if (!status) return live.failure ? <Unreachable retry={live.retry} app={unready()} failure={live.failure} /> : null;

  const asOf = isDay(address.params.as_of ?? '') ? address.params.as_of : isDay(address.params.to ?? '') ? address.params.to : status.today;
  const knownAt = address.params.known_at || null;
  const app: App = {
    lang, t, address, status, zone: status.business_time_zone, today: status.today, asOf, knownAt, base: address.params.base_currency,
    when: { as_of: address.params.as_of ?? (asOf === status.today ? undefined : asOf), known_at: knownAt ?? undefined }, known: { known_at: knownAt ?? undefined }, ...links,
  };
  const turn = () => {
    remember('keys', singles ? 'off' : 'on');
    setSingles(!singles);
  };
  return (
    <AppContext.Provider value={app}>
      <Patterns />
      <Frame live={live} theme={theme} keyboard={{ open: keyboard, show: showKeyboard, on: singles, turn }}>
        <SectionLinks />
        <div class="content" key={place + lang}>{route(address.path, address.params.cell)}</div>
      </Frame>
      {place === 'rows' ? null : <CellPanel />}
    </AppContext.Provider>
  );

  // Enough to say that the server does not answer.
  function unready(): App {
    const nothing = { positions: [], rates: { records_since_start: 0, records_per_second: 0 } } as unknown as App['status'];
    return { lang, t, address, status: nothing, zone: 'UTC', today: '', asOf: '', knownAt: null, base: undefined, when: {}, known: {}, ...links };
  }
}

function Unreachable({ app, failure, retry }: { app: App; failure: Parameters<typeof Failed>[0]['failure']; retry: () => void }) {
  return (
    <AppContext.Provider value={app}>
      <main id="main"><h1 class="vh">Daybook</h1><section class="panel"><div class="in"><Failed failure={failure} retry={retry} /></div></section></main>
    </AppContext.Provider>
  );
}

// Before anything is drawn: what the first figures wait for. Drawing would keep the answers waiting, so it comes behind
// them, but for a moment at most. Whatever fails is asked, and told, by the page itself.
const SOON_MS = 250;
const first = parseAddress(location.hash);
const hasTotals = ['', 'receivables/ageing'].includes(first.path.join('/'));
const totals = hasTotals ? Promise.race([askTotals(first.params).catch(() => undefined), new Promise<void>((resolve) => setTimeout(resolve, SOON_MS))]) : Promise.resolve();
void totals.then(() => render(<Dashboard />, document.getElementById('dashboard') as HTMLElement));
