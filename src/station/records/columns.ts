import { EsimdError } from "../../base/errors.js";
import { quote } from "../../base/identifiers.js";
import { didYouMean } from "../../daemon/config/suggest.js";
import type { Cell } from "./csv.js";
import type { EndedEntry } from "./entry.js";
import type { RunEnd, RunStanding } from "./standing.js";

/** What an export can have of a unit, or of a run: one column each, by the names that `--columns` takes. */

interface Facts {
  readonly entry: RunEnd;
  readonly run: RunStanding;
}

export interface ColumnSpec {
  /** For the documentation. */
  readonly about: string;
  readonly of: (facts: Facts) => Cell;
}

/** Of a run that ended; null for one that was interrupted. */
function of(pick: (entry: EndedEntry) => Cell): (facts: Facts) => Cell {
  return ({ entry }) => (entry.kind === "ended" ? pick(entry) : null);
}

export const columnSpecs = {
  ended_at: {
    about: "When the run ended, UTC; of an interrupted run, when that was found.",
    of: ({ entry }) => entry.at,
  },
  begun_at: { about: "When it began.", of: ({ run }) => run.begunAt },
  station: { about: "The station.", of: ({ entry }) => entry.station },
  batch: { about: "The batch.", of: ({ entry }) => entry.batch },
  slot: { about: "The slot.", of: ({ entry }) => entry.slot },
  operator: { about: "Who worked at the station.", of: ({ run }) => run.operator },
  serial: { about: "The unit's serial number.", of: ({ entry, run }) => entry.serial ?? run.unit.serial },
  verdict: { about: "`PASS` or `FAIL`; empty for an interrupted run.", of: of((entry) => entry.verdict) },
  eid: {
    about: "The eUICC's EID.",
    of: ({ entry, run }) => (entry.kind === "ended" ? entry.eid : null) ?? run.unit.eid,
  },
  imei: { about: "The modem's IMEI.", of: of((entry) => entry.imei) },
  iccid: { about: "The profile's ICCID.", of: of((entry) => entry.iccid) },
  sid: { about: "The reservation at the provider.", of: of((entry) => entry.sid) },
  sim_sid: { about: "The Sim at the provider.", of: of((entry) => entry.simSid) },
  sim_status: { about: "Its status when it was last seen.", of: of((entry) => entry.simStatus) },
  vendor: { about: "The modem's maker.", of: of((entry) => entry.vendor) },
  model: { about: "Its model.", of: of((entry) => entry.model) },
  firmware: { about: "Its firmware.", of: of((entry) => entry.firmware) },
  state: {
    about: "`provisioned`, `failed`, `held`, or `interrupted`; empty where no run came about.",
    of: ({ entry }) => (entry.kind === "ended" ? entry.state : "interrupted"),
  },
  changed: { about: "Whether the run changed anything.", of: of((entry) => entry.changed) },
  again: { about: "Whether the unit had passed before, and was found as it was left.", of: of((entry) => entry.again) },
  charges: { about: "What this eUICC's ledger has as paid for, over its life.", of: of((entry) => entry.charges) },
  verified: { about: "Registration, where it was asked for.", of: of((entry) => entry.verified) },
  error_code: { about: "A code of [errors](errors.md).", of: of((entry) => entry.error?.code ?? null) },
  error_message: { about: "Its sentence.", of: of((entry) => entry.error?.message ?? null) },
  error_actor: { about: "Who must act.", of: of((entry) => entry.error?.actor ?? null) },
  error_retry: { about: "Whether another run is worth it.", of: of((entry) => entry.error?.retry ?? null) },
  error_hint: { about: "What the actor does next.", of: of((entry) => entry.error?.hint ?? null) },
  seconds: { about: "How long the run took.", of: of((entry) => entry.seconds) },
  runs: { about: "Runs of this unit that ended.", of: ({ run }) => run.unit.runs },
  run: { about: "The run's own id.", of: ({ entry }) => entry.run },
  label: { about: "`printed` or `failed`; empty where none was made.", of: ({ run }) => run.label?.result ?? null },
  label_copies: { about: "Labels printed.", of: ({ run }) => run.label?.copies ?? 0 },
  voided: { about: "Whether a person took the unit's record back.", of: ({ run }) => run.unit.voided !== null },
  voided_why: { about: "Why.", of: ({ run }) => run.unit.voided?.why ?? null },
  voided_by: { about: "Who did.", of: ({ run }) => run.unit.voided?.by ?? null },
} as const satisfies Record<string, ColumnSpec>;

export type ColumnName = keyof typeof columnSpecs;

export interface Column {
  readonly name: ColumnName;
  /** As the export calls it. */
  readonly title: string;
}

export const allColumns: readonly Column[] = columnNames().map((name) => ({ name, title: name }));

/** What an export has where nobody says otherwise. */
export const defaultColumns: readonly Column[] = (
  [
    ...["ended_at", "station", "batch", "slot", "operator", "serial", "verdict", "eid", "imei", "iccid", "sid"],
    ...["sim_sid", "error_code", "error_message", "seconds", "firmware", "runs", "charges", "label", "voided"],
  ] as const satisfies readonly ColumnName[]
).map((name) => ({ name, title: name }));

/** How many characters a title may have. */
const longestTitle = 64;

/** `serial,eid=EID,verdict=Result`: names of columns, each with what the export calls it. @throws EsimdError `usage`. */
export function parseColumns(text: string): readonly Column[] {
  const columns = text.split(",").map((part): Column => {
    const [word = "", ...rest] = part.split("=");
    const name = word.trim();
    const title = rest.length === 0 ? name : rest.join("=").trim();
    if (!isColumnName(name)) {
      throw new EsimdError("usage", `--columns: there is no column ${quote(name)}${didYouMean(name, columnNames())}`, {
        hint: `There are: ${columnNames().join(", ")}.`,
      });
    }
    if (title === "" || title.length > longestTitle || /\p{Cc}/u.test(title)) {
      throw new EsimdError(
        "usage",
        `--columns: ${quote(title)} is no title for ${name}: 1 to ${longestTitle} characters`,
      );
    }
    return { name, title };
  });
  const twice = columns.find(({ title }, at) => columns.findIndex((other) => other.title === title) !== at);
  if (twice !== undefined) throw new EsimdError("usage", `--columns: two columns are called ${quote(twice.title)}`);
  return columns;
}

export function cellOf(name: ColumnName, facts: Facts): Cell {
  const spec: ColumnSpec = columnSpecs[name];
  return spec.of(facts);
}

function columnNames(): readonly ColumnName[] {
  return Object.keys(columnSpecs).filter(isColumnName);
}

function isColumnName(name: string): name is ColumnName {
  return Object.hasOwn(columnSpecs, name);
}
