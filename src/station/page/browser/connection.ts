import type { StationView } from "../../view.js";
import { ask } from "./api.js";
import { isChange, isView, withChange } from "./change.js";
import { after, type StationTime } from "./time.js";

/** The stream of what the station shows. It comes back by itself, and says so when it cannot. */

export interface ConnectionParts {
  readonly time: StationTime;
  readonly onView: (view: StationView) => void;
  readonly onLost: () => void;
  readonly onLocked: () => void;
}

/** The station tells that it is alive every 5 s. */
const silentMs = 12_000;
const waitsMs = [500, 1_000, 2_000, 4_000];

export function connect({ time, onView, onLost, onLocked }: ConnectionParts): void {
  let view: StationView | undefined;
  let version: string | undefined;
  let failures = 0;

  const open = (): void => {
    const source = new EventSource("/api/events");
    let cancelSilence = after(silentMs, () => lose());
    const heard = (atMs: unknown): void => {
      cancelSilence();
      cancelSilence = after(silentMs, () => lose());
      if (typeof atMs === "number") time.tell(atMs);
    };
    const show = (next: StationView): void => {
      failures = 0;
      // Another version of the program may speak otherwise: its own page comes with it.
      if (version !== undefined && next.version !== version) location.reload();
      version = next.version;
      view = next;
      heard(next.atMs);
      onView(next);
    };
    const lose = (): void => {
      cancelSilence();
      source.close();
      onLost();
      const waitMs = waitsMs[Math.min(failures, waitsMs.length - 1)] ?? 4_000;
      failures++;
      after(waitMs, () => void again());
    };
    source.addEventListener("view", ({ data }) => {
      const next: unknown = JSON.parse(String(data));
      if (isView(next)) show(next);
    });
    source.addEventListener("change", ({ data }) => {
      const change: unknown = JSON.parse(String(data));
      if (view !== undefined && isChange(change)) show(withChange(view, change));
    });
    source.addEventListener("alive", ({ data }) => {
      const alive: unknown = JSON.parse(String(data));
      if (typeof alive === "object" && alive !== null && "atMs" in alive) heard(alive.atMs);
    });
    source.addEventListener("error", lose);
  };
  // An event stream does not tell why it could not be opened, and a request does.
  const again = async (): Promise<void> => {
    const answer = await ask("/api/view");
    if (answer.kind === "locked") onLocked();
    else if (answer.kind === "done") open();
    else {
      failures++;
      after(waitsMs[Math.min(failures, waitsMs.length - 1)] ?? 4_000, () => void again());
    }
  };
  open();
}
