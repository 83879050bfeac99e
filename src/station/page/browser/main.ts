import type { StationView } from "../../view.js";
import { connect } from "./connection.js";
import { dialogOf, openAlone } from "./dialogs.js";
import { byId, setAttribute, setText } from "./dom.js";
import { headlineOf } from "./headline.js";
import { keep, keptOf } from "./kept.js";
import { listenToKeys } from "./keys.js";
import { railOf } from "./rail.js";
import { scanBar } from "./scan-bar.js";
import { searchDialog } from "./search-dialog.js";
import { serialDialog } from "./serial-dialog.js";
import { slotDialog } from "./slot-dialog.js";
import { stationDialog } from "./station-dialog.js";
import { themeSwitch } from "./theme.js";
import { clockText, every, StationTime } from "./time.js";
import { wallIn } from "./wall.js";

/** The page: one view of the station, shown whole, four times a second at the most. */

const time = new StationTime();
const told = byId("told", HTMLElement);
const toldNow = byId("told-now", HTMLElement);
const say = (sentence: string, isUrgent: boolean): void => {
  const region = isUrgent ? toldNow : told;
  // A region is read out when it changes: the same sentence again gets another end.
  region.textContent = region.textContent === sentence ? `${sentence} ` : sentence;
};

const slots = slotDialog();
const wall = wallIn(byId("wall", HTMLElement), (slot) => slots.open(slot));
const rail = railOf();
const scans = scanBar(say);
const search = searchDialog();
const serial = serialDialog((text, slot) => scans.scan(text, slot));
const line = stationDialog();
const help = dialogOf("help-dialog");
const nextTheme = themeSwitch(byId("theme", HTMLButtonElement));
const headline = byId("headline", HTMLElement);

let view: StationView | undefined;
let lostAtMs: number | undefined;

const showTimes = (): void => {
  if (view === undefined || lostAtMs !== undefined) return;
  const nowMs = time.nowMs();
  wall.show(view, nowMs);
  slots.show(view, nowMs);
};

const show = (next: StationView): void => {
  tellEnds(view, next);
  view = next;
  lostAtMs = undefined;
  document.body.dataset["reach"] = "there";
  setText(byId("station", HTMLElement), next.station);
  setText(byId("batch", HTMLElement), `batch ${next.batch.name}`);
  document.title = `${next.station}: ${next.batch.passed} passed, ${next.batch.failed} failed`;
  const { tone, sentence } = headlineOf(next);
  setAttribute(headline, "data-tone", tone);
  setText(headline, sentence);
  rail.show(next);
  scans.show(next.scan);
  showTimes();
};

/** A verdict is heard, too. */
const tellEnds = (before: StationView | undefined, after: StationView): void => {
  if (before === undefined) return;
  const known = new Map(before.slots.map((slot) => [slot.number, slot.phase.kind]));
  const ends = after.slots.filter(
    ({ number, phase }) => (phase.kind === "passed" || phase.kind === "failed") && known.get(number) !== phase.kind,
  );
  if (ends.length === 0) return;
  say(ends.map(({ number, phase }) => `Slot ${number} ${phase.kind === "passed" ? "PASS" : "FAIL"}`).join(", "), false);
};

const showLost = (): void => {
  if (lostAtMs !== undefined) return;
  lostAtMs = time.nowMs();
  document.body.dataset["reach"] = "lost";
  setAttribute(headline, "data-tone", "alarm");
  const since =
    view === undefined ? "" : ` What you see is how it stood at ${clockText(lostAtMs)}: scan nothing until it is back.`;
  setText(headline, `The station is not reachable.${since}`);
  say("The station is not reachable.", true);
};

const shortcutsBox = byId("shortcuts", HTMLInputElement);
shortcutsBox.checked = keptOf("shortcuts") !== "off";
shortcutsBox.addEventListener("change", () => keep("shortcuts", shortcutsBox.checked ? "on" : "off"));

const shortcuts: Readonly<Record<string, () => void>> = {
  g: () => {
    for (const dialog of document.querySelectorAll("dialog")) dialog.close();
    wall.focus();
  },
  "/": () => search.open(),
  s: () => serial.open(),
  m: () => line.open(),
  t: nextTheme,
  "?": () => openAlone(help),
};
const buttons = { "open-search": "/", "open-serial": "s", "open-station": "m", "open-help": "?" } as const;
for (const [id, key] of Object.entries(buttons))
  byId(id, HTMLButtonElement).addEventListener("click", () => shortcuts[key]?.());
listenToKeys({ scan: (text) => scans.scan(text), shortcuts, areShortcutsOn: () => shortcutsBox.checked });

connect({ time, onView: show, onLost: showLost, onLocked: () => location.assign("/login") });
every(1_000, showTimes);
