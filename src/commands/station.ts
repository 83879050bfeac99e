import { EsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import { didYouMean } from "../daemon/config/suggest.js";
import { loadStationFile } from "../station/station-file.js";
import type { Command } from "./command.js";
import { commonFlags, runFlags } from "./common-flags.js";
import { runFakeLine } from "./station-fake.js";
import { runLine, wholeNumber } from "./station-line.js";
import { stationRecordFlags, stationRecordVerbs } from "./station-records.js";

/** `esimd station`: the factory line, until it is stopped, drained or through with its units; and what is made of its record. */
export const stationCommand: Command = {
  name: "station",
  summary: "the factory line: up to 64 modems at once, with scanner, page, records and labels",
  positionals: "[export|list|void|batches]",
  flags: {
    station: { type: "string", value: "FILE", help: "The station file; /etc/esimd/station.toml when left out." },
    ...stationRecordFlags,
    batch: { type: "string", value: "NAME", help: "The batch; of a line: the station file's, or today's date." },
    sheet: {
      type: "string",
      value: "FILE",
      help: "The sheet of work: a CSV of serial numbers and what each is to get.",
    },
    units: { type: "string", value: "N", help: "End after so many verdicts." },
    budget: { type: "string", value: "N", help: "What the batch may pay for at most." },
    page: { type: "string", value: "ADDRESS", help: "Where the page is, HOST:PORT, or none." },
    fake: { type: "string", value: "N", help: "Work on an emulated line of N slots (1 to 64), beside the station." },
    dir: { type: "string", value: "DIR", help: "With --fake: keep everything in this folder." },
    seed: { type: "string", value: "S", help: "With --fake: what the units are and which of them have faults." },
    "fault-percent": {
      type: "string",
      value: "P",
      help: "With --fake: so many units in a hundred have a fault; none when left out.",
    },
    "delay-ms": { type: "string", value: "N", help: "With --fake: modems wait so long before every answer." },
    "profile-bytes": { type: "string", value: "N", help: "With --fake: the size of a profile." },
    operator: { type: "string", value: "WHO", help: "With --fake: auto (default), or manual: a person scans." },
    ...commonFlags(...runFlags),
  },
  run: (context, args) => {
    const [verb] = args.positionals;
    if (verb !== undefined) {
      const act = isVerb(verb) ? stationRecordVerbs[verb] : undefined;
      if (act !== undefined) return act(context, args);
      throw new EsimdError("usage", `station: ${quote(verb)} is none of ${verbs.join(", ")}${didYouMean(verb, verbs)}`);
    }
    const slots = args.text("fake");
    if (slots !== undefined) return runFakeLine(context, args, wholeNumber(slots, "fake", 1, 64));
    return runLine(context, args, loadStationFile(args.text("station") ?? "/etc/esimd/station.toml"));
  },
};

const verbs = Object.keys(stationRecordVerbs);

function isVerb(text: string): text is keyof typeof stationRecordVerbs {
  return Object.hasOwn(stationRecordVerbs, text);
}
