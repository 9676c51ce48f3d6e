// Figures that change under the reader's eyes: the same question, another answer. They are found in the page as it
// stands, where a text was replaced in its place; what another question brings is no change.

const FIGURES = '.kpi .v, .n, .big, td.r, .sumline';
const MARKED_MS = 2_000;
const hasFigure = (text: string | null): boolean => /\d/.test(text ?? '');

// The element whose text is a figure.
const figureOf = (node: Node): HTMLElement | null => (node.parentElement?.closest(FIGURES) && !node.parentElement.closest('.moved') ? node.parentElement : null);

// A figure that takes the place of another, or of nothing.
function replaced({ target, removedNodes, addedNodes }: MutationRecord): HTMLElement[] {
  const isCell = target instanceof Element && target.closest('td, .v') !== null;
  const were = [...removedNodes].some((node) => node instanceof Element && node.matches('.n, .z'));
  return isCell && were ? [...addedNodes].filter((node): node is HTMLElement => node instanceof HTMLElement && node.matches('.n')) : [];
}

// Underlines what changes for two seconds, and says which. Returns what ends it.
export function watchChanges(root: Node, say: (changed: HTMLElement[]) => void): () => void {
  let question = location.hash;
  const ends = new Map<HTMLElement, ReturnType<typeof setTimeout>>();
  const unmark = (figure: HTMLElement): void => {
    figure.classList.remove('changed');
    ends.delete(figure);
  };
  const mark = (figure: HTMLElement): void => {
    clearTimeout(ends.get(figure));
    figure.classList.add('changed');
    ends.set(figure, setTimeout(() => unmark(figure), MARKED_MS));
  };
  const observer = new MutationObserver((records) => {
    const isAnother = question !== location.hash;
    question = location.hash;
    if (isAnother) return;
    const figures = new Set<HTMLElement>();
    for (const record of records) {
      if (record.type === 'childList') {
        for (const figure of replaced(record)) figures.add(figure);
        continue;
      }
      const figure = figureOf(record.target);
      if (figure && hasFigure(record.oldValue) && hasFigure(record.target.nodeValue) && record.oldValue !== record.target.nodeValue) figures.add(figure);
    }
    for (const figure of figures) mark(figure);
    if (figures.size) say([...figures]);
  });
  observer.observe(root, { subtree: true, childList: true, characterData: true, characterDataOldValue: true });
  return () => {
    observer.disconnect();
    for (const [figure, end] of ends) {
      clearTimeout(end);
      figure.classList.remove('changed');
    }
  };
}
