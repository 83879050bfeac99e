import type { SlotView, StationView } from "../../view.js";

/** What goes over the wire after the first whole view: the slots that changed, and the rest if that did. */

export interface ViewChange {
  readonly atMs: number;
  readonly slots: readonly SlotView[];
  readonly rest: ViewRest | null;
}

/** A view without its slots and its time. */
export type ViewRest = Omit<StationView, "slots" | "atMs">;

export function withChange(view: StationView, { atMs, slots, rest }: ViewChange): StationView {
  const changed = new Map(slots.map((slot) => [slot.number, slot]));
  return { ...view, ...rest, atMs, slots: view.slots.map((slot) => changed.get(slot.number) ?? slot) };
}

/** The station is the same program as the page: this only keeps something else on its port from being taken for it. */
export function isView(value: unknown): value is StationView {
  return (
    typeof value === "object" &&
    value !== null &&
    "schema" in value &&
    value.schema === "esimd.station/1" &&
    "slots" in value &&
    Array.isArray(value.slots)
  );
}

export function isChange(value: unknown): value is ViewChange {
  return (
    typeof value === "object" &&
    value !== null &&
    "atMs" in value &&
    "rest" in value &&
    "slots" in value &&
    Array.isArray(value.slots)
  );
}
