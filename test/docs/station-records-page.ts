import { z } from "zod";
import { columnSpecs, defaultColumns } from "../../src/station/records/columns.js";
import { entrySchema } from "../../src/station/records/entry.js";
import { knownColumns, maxSheetUnits } from "../../src/station/records/sheet.js";

/** docs/station-record.schema.json: one line of a station's record. */
export function stationRecordJsonSchema(): string {
  const schema = z.toJSONSchema(entrySchema, { target: "draft-2020-12" });
  const head = {
    $id: "https://esimd.invalid/station-record-1.schema.json",
    title: "A line of a station's record, version 1",
  };
  return `${JSON.stringify({ ...head, ...schema }, null, 2)}\n`;
}

/** What a line of each kind is, and what is in it; a key that is not here, or here and not there, fails the page. */
const kinds: Readonly<Record<string, string>> = {
  batch: "A batch begins, or goes on after a start of the station.",
  begun: "A run begins.",
  identified: "Who is in the slot; on the disk before anything is paid for.",
  ended: "The run's PASS or FAIL.",
  interrupted: "The station was gone while this run was on its way; found at its next start.",
  label: "A label was printed, or could not be.",
  voided: "A person took back that this serial number belongs to this eUICC.",
};

const keys: Readonly<Record<string, string>> = {
  "*.v": "The version of this form: 1.",
  "*.at": "When it was written, by the station's clock, UTC.",
  "*.station": "The station's name.",
  "*.kind": "Which of these lines it is.",
  "*.batch": "The batch.",
  "*.run": "The run's id: nothing else has it.",
  "*.slot": "The slot, 1 to 64.",
  "*.serial": "The unit's serial number; null where it was not known.",
  "*.eid": "The eUICC's EID.",
  "*.imei": "The modem's IMEI.",
  "batch.version": "Of esimd.",
  "batch.budget": "Charges that the batch may make; null: not limited.",
  "batch.sheet": "The sheet of work and how many units it has; null: none.",
  "begun.operator": "Who works at the station.",
  "identified.chargesBefore": "What the eUICC's ledger had as paid for before this run.",
  "identified.doubtfulBefore": "POSTs of which that ledger did not know whether they were charged.",
  "ended.verdict": "`PASS` or `FAIL`.",
  "ended.iccid": "The profile's ICCID.",
  "ended.sid": "The reservation at the provider.",
  "ended.simSid": "The Sim at the provider.",
  "ended.simStatus": "Its status when it was last seen.",
  "ended.vendor": "The modem's maker.",
  "ended.model": "Its model.",
  "ended.firmware": "Its firmware.",
  "ended.state": "The report's state (docs/report.md); null where no run came about.",
  "ended.changed": "Whether the run changed anything.",
  "ended.again": "It had passed before, and was found as it was left.",
  "ended.charges": "What the eUICC's ledger has as paid for, over its life.",
  "ended.doubtful": "POSTs of which it does not know whether they were charged; they count against the batch's budget.",
  "ended.verified": "Registration, where it was asked for.",
  "ended.error": "`code`, `message`, `actor`, `retry`, `hint`, as in a report; null with PASS.",
  "ended.seconds": "How long the run took.",
  "label.copy": "Counts the labels of the run.",
  "label.result": "`kind` `printed`, or `failed` with `code` and `message`.",
  "voided.by": "Who did, as they called themselves.",
  "voided.why": "Why.",
};

/** docs/station-records.md */
export function stationRecordsPage(): string {
  return [head, entryTables(), afterEntries, columnTable(), sheetSection(), events].join("\n");
}

function entryTables(): string {
  const used = new Set<string>();
  const tables = entrySchema.options.map((option) => {
    const kind = z.literal(option.shape.kind.value).parse(option.shape.kind.value);
    const rows = Object.keys(option.shape)
      .filter((key) => !["v", "at", "station", "kind"].includes(key))
      .map((key) => `| \`${key}\` | ${describe(`${kind}.${key}`, key, used)} |`);
    return [`**\`${kind}\`**: ${kinds[kind] ?? missing(kind)}`, "", "| key | |", "|---|---|", ...rows, ""].join("\n");
  });
  for (const key of ["v", "at", "station", "kind"]) describe("", key, used);
  const stale = Object.keys(keys).filter((key) => !used.has(key));
  if (stale.length > 0) throw new Error(`no line of a record has ${stale.join(", ")}`);
  const common = ["v", "at", "station", "kind"].map((key) => `| \`${key}\` | ${keys[`*.${key}`]} |`);
  return ["Every line has:", "", "| key | |", "|---|---|", ...common, "", ...tables].join("\n");
}

function describe(own: string, key: string, used: Set<string>): string {
  const name = own in keys ? own : `*.${key}`;
  used.add(name);
  return keys[name] ?? missing(own);
}

function missing(name: string): never {
  throw new Error(`say in test/docs/station-records-page.ts what ${name} is`);
}

function columnTable(): string {
  const usual = new Set<string>(defaultColumns.map(({ name }) => name));
  const rows = Object.entries(columnSpecs).map(
    ([name, { about }]) => `| \`${name}\` | ${usual.has(name) ? "yes" : ""} | ${about} |`,
  );
  return ["| column | by default | |", "|---|---|---|", ...rows, ""].join("\n");
}

const head = `# Station records

What a factory station did, unit by unit, and what is made of it. The station writes one file, and only ever adds to it; everything else is made from that file at
any time, also while the station works: counters, CSV, JSON, the batch's report, the results of a sheet of work, events to the fleet.

## The record

\`station/record.jsonl\` in the state folder: one JSON object a line, UTF-8, each synced to the disk before what it tells of goes on.
[station-record.schema.json](station-record.schema.json) is a line's JSON Schema. It is whole: EID, ICCID and IMEI are in it; mode 0640. No activation code is.

- A loss of power may tear the last line. Nothing was done on it, and it is left out; behind it the next start of the station stands. Any other line that cannot be read is
  \`record_damaged\`, and named: nothing is guessed.
- It is never rewritten. To begin a new one, stop the station, and move the folder away as a whole; keep it, since duplicates are known from it.
- The record tells what happened, and not what was paid: that is in the ledgers of the state folder ([reservations](reservations.md)).
`;

const afterEntries = `## What is one unit

A serial number and an EID together. A run that knew only one of them belongs to the unit that had it last, so that a unit whose modem was silent at first, or whose serial number was
scanned late, is one unit with two runs. Two units with one serial number are two units, and the second one's failure is not the first one's. A unit counts once in a
batch, by the last run that ended. What was taken back (\`voided\`) is shown, struck through, and not counted; its serial number begins anew.

A batch's *charges* are what its units' ledgers grew by while they were in its hands, also where a run was interrupted and the next one found the charge. *First-pass
yield* is of units that passed at their first run. *Cycle times* are of runs that passed, without units that had passed before.

## Commands

| command | does |
|---|---|
| \`esimd station batches\` | every batch in figures |
| \`esimd station list [--search TEXT] [--batch B] [--limit N]\` | units, the newest first, by a part of serial number, EID, IMEI or ICCID |
| \`esimd station export --batch B\\|--all --format csv\\|json\\|report\\|text [--out FILE]\` | see below |
| \`esimd station void SERIAL --why TEXT [--by WHO] [--eid EID]\` | takes back that the serial number belongs to its eUICC; while no station works with the record |

\`--records DIR\` names the record's folder; otherwise it is \`station\` in the configuration's state folder. Each takes \`--json\`. They read line by line, and need some 160 MB for
fifty thousand units (\`test/station/records/large-record.test.ts\` prints the figure).

\`--out FILE\` makes a new file: it is written aside, synced, and given its name in one step, which fails where the name is taken. Nothing is written over another file, and half a file
never has the name; a process that was killed leaves \`FILE.….part\`, which may go. On a file system without hard links (a stick from a shop) the last step is a copy, which is
not whole in one step, and is never over another file either.

## CSV and JSON

A row for each unit, by its last run; \`--every-run\`: a row for each run, interrupted ones too. \`--columns serial,eid=EID,verdict=Result\` says which columns, in which order and under which
titles. JSON has all of them unless told otherwise, and their types: \`{"schema":"esimd.station-units/1","batch","rows":"units"|"runs","units":[…]}\`.

CSV is RFC 4180: UTF-8, commas, CRLF, quotes where they are needed, a head.

- **Formulas.** A text that a spreadsheet would take for a formula (it begins with \`=\`, \`+\`, \`-\`, \`@\`, also behind spaces and in full width, or with a tab or a line break) gets an apostrophe in front. \`--as-is\`
  leaves that out, for a program that is no spreadsheet.
- **Long digits.** EID and ICCID are whole in the file. A spreadsheet that opens it rounds them to 15 digits all the same: import the columns as text, or export with \`--spreadsheet\`, which writes
  \`="8904…"\` and a byte order mark; other programs then read the quotes, too, so that it is no default.
- \`--separator semicolon\` or \`tab\`, for spreadsheets of countries with a decimal comma.
`;

function sheetSection(): string {
  return `## The batch's report

\`--format report\` is one HTML file for a browser and for A4, which needs nothing else and asks nobody: counts, yield, cycle times, charges against units and budget, when units ended, failures by code with what they
mean and who must act, units that are held with the commands that decide them, lines to sign, and every unit. \`--format text\` is the same as text. Times are UTC.

## A sheet of work

A CSV of serial numbers and what each unit shall get; comma, semicolon or tab, UTF-8, at most ${maxSheetUnits.toLocaleString("en")} units. These columns are obeyed (${knownColumns.map((name) => `\`${name}\``).join(", ")}), any other is kept and given back:

| column | |
|---|---|
| \`serial\` | must be there; a serial number that is not on the sheet is refused (\`unit_not_listed\`) |
| \`fleet\` | SID or unique name of the Fleet that the Sim joins |
| \`eid\`, \`imei\` | what the unit must have; another one is refused |
| \`activation_code\` | a profile of its own, in place of a reservation; not given back with the results |
| \`label\` | the name of the label's template |

A sheet is taken whole or not at all: every mistake is named by line and column, with its value and the next step. Duplicates are mistakes, and so is a known column that is misspelt. A confirmation code is a secret and
belongs into the configuration.

\`esimd station export --batch B --sheet FILE\` gives the sheet's own lines back in their order, and behind them the export's columns, empty where a unit had no run; a column whose name the sheet has, or would obey,
comes as \`result_…\`, so that results can be the next sheet. The sheet itself is never written to.
`;
}

const events = `## Events to the fleet

Where a webhook, a broker or a hook is configured, the station puts \`ended\`, \`label\` and \`voided\` into the same outbox as reports ([reports](reports.md)): durable, at least once, in order, and nothing is dropped in silence. The
event has \`"kind":"unit"\`, \`station\`, and the line as \`entry\`:

\`\`\`json
{"schema":"esimd.event/1","id":"9c1e…","kind":"unit","device":"line-pc","station":"line-1","stream":"5f6c…","sequence":8,
 "at":"2026-01-01T00:00:12.000Z","entry":{"v":1,"kind":"ended","verdict":"PASS","serial":"SN7","…":"…"},"dropped":null}
\`\`\`

- One station is one stream: \`sequence\` counts its events without a gap, and they come in the record's order. On MQTT they are on \`PREFIX/DEVICE/stations/STATION/unit\`.
- \`id\` is made from the line: what the station tells again, because it was cut off before it knew that it had told it, has the same id (and another \`sequence\`). A receiver that keeps ids has each line once. So a
  station that loses its power tells at its next start what it had recorded and not told (\`station/told.json\` has how far it is).
- A station that never told anybody anything begins with what comes. What was before is in its exports.
- A shift of 64 slots is more than the outbox's default of 1000 events when the receiver is down for long: raise \`outbox.max_events\` and \`outbox.max_bytes\` (a unit takes two events, of a block each). What did not fit
  is told of (\`dropped\`), and is in the record.

## Several stations in PostgreSQL

[station-collect.sql](station-collect.sql) has a table of events by id, a function that takes one, and views: \`unit\` (each unit by its last run), \`unit_run\`, \`unit_twice\` (one serial number or EID in two units, over all
stations), \`unit_gap\` (what an outbox dropped). Load it once, and give each station its own \`device\` or \`station\` name.

**By the hook**, without a server in between: [station-collect.sh](station-collect.sh) as \`hook.command\`. It ends well only when the database has committed, so that an event stays in the outbox until then.

\`\`\`sh
psql -f station-collect.sql "service=esimd"
install -m 0755 station-collect.sh /usr/local/bin/    # hook.command = "/usr/local/bin/station-collect.sh"
\`\`\`

**By the broker**, where one collector serves many stations:

\`\`\`sh
mosquitto_sub -V 5 -q 1 -c -i collector -t 'esimd/+/stations/+/unit' -F '%p' |
  while IFS= read -r event; do printf '%s' "$event" | station-collect.sh || exit; done
\`\`\`

\`mosquitto_sub\` tells the broker that it has an event before the database has it. Where that must not lose one, use the hook or the webhook.

**By the webhook**: check the signature ([reports](reports.md#webhook)), call \`select take_event($1)\` with the body, and answer 2xx after the commit.

\`test/stories/station-postgres.test.ts\` runs two stations, this hook and a real PostgreSQL, with events that come twice and a database that goes down; it is skipped where Debian's \`postgresql\` is not installed.
`;
