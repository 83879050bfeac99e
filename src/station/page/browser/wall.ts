import type { StationView } from "../../view.js";
import { element } from "./dom.js";
import { type Direction, gridFor, neighbour } from "./grid.js";
import { type SlotCell, slotCell } from "./slot-cell.js";

/** The wall: a grid that fills its room with as many columns as make the slots largest, and one stop for the Tab key. */
export interface Wall {
  show(view: StationView, nowMs: number): void;
  focus(): void;
}

const arrows: Readonly<Record<string, Direction>> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
  Home: "first",
  End: "last",
};

/** On a phone the page is scrolled, and a slot is no smaller than this. */
const narrow = "(max-width: 760px)";
const narrowColumns = 2;
/** More of them are drawn wide and low: a word fills such a slot. */
const many = 30;

export function wallIn(root: HTMLElement, onOpen: (slot: number) => void): Wall {
  let cells: readonly { readonly number: number; readonly cell: SlotCell }[] = [];
  let columns = 0;
  let current = 0;
  root.setAttribute("role", "grid");
  root.setAttribute("aria-label", "Slots: arrow keys move, Enter opens");

  const layOut = (isNew: boolean): void => {
    const isNarrow = matchMedia(narrow).matches;
    const form = isNarrow
      ? { columns: Math.min(narrowColumns, cells.length), rows: Math.ceil(cells.length / narrowColumns) }
      : gridFor(cells.length, root.clientWidth, root.clientHeight, cells.length > many ? 1.7 : 1.25);
    if (!isNew && form.columns === columns) return;
    columns = Math.max(1, form.columns);
    root.style.setProperty("--columns", String(columns));
    root.style.setProperty("--rows", String(form.rows));
    const focused = document.activeElement;
    const rows = Array.from({ length: form.rows }, (_, row) =>
      element(
        "div",
        { attributes: { role: "row" } },
        cells.slice(row * columns, (row + 1) * columns).map(({ cell }) => cell.cell),
      ),
    );
    root.replaceChildren(...rows);
    if (focused instanceof HTMLElement && root.contains(focused)) focused.focus();
  };
  const moveTo = (index: number): void => {
    const before = cells[current];
    const after = cells[index];
    if (before !== undefined) before.cell.button.tabIndex = -1;
    if (after === undefined) return;
    current = index;
    after.cell.button.tabIndex = 0;
  };

  root.addEventListener("keydown", (event) => {
    const direction = arrows[event.key];
    if (direction === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    moveTo(neighbour(current, direction, cells.length, columns));
    cells[current]?.cell.button.focus();
  });
  root.addEventListener("focusin", ({ target }) => {
    const index = cells.findIndex(({ cell }) => cell.button === target);
    if (index >= 0) moveTo(index);
  });
  new ResizeObserver(() => layOut(false)).observe(root);

  return {
    show: ({ slots }, nowMs) => {
      const isNew = cells.length !== slots.length || slots.some(({ number }, index) => cells[index]?.number !== number);
      if (isNew) {
        cells = slots.map(({ number }) => {
          const cell = slotCell(number);
          cell.button.addEventListener("click", () => onOpen(number));
          return { number, cell };
        });
        layOut(true);
        moveTo(Math.min(current, Math.max(0, cells.length - 1)));
      }
      for (const [index, slot] of slots.entries()) cells[index]?.cell.show(slot, nowMs);
    },
    focus: () => cells[current]?.cell.button.focus(),
  };
}
