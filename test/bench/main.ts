import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { describeCause } from "../../src/base/errors.js";
import { measureDownloadSection, showDownloadSection } from "./download-section.js";
import { measureIdleSection, showIdleSection } from "./idle-section.js";
import { lineFailures, measureLineSection, showLineSection } from "./line-section.js";
import { measureRequestsSection, showRequestsSection } from "./requests-section.js";
import { measureStationSection, showStationSection, stationDelays } from "./station-section.js";

/** `npm run bench`: what esimd costs, measured on the emulators (docs/bench.md). It prints figures; tests hold them to their ceilings. */

const sectionNames = ["download", "idle", "station", "line", "requests"] as const;
type SectionName = (typeof sectionNames)[number];
/** Without `--only`: the others are asked for; two of them take minutes each. */
const usual: readonly SectionName[] = ["download", "idle"];

const usage = 64;
const program = `Node ${process.version} on ${cpus().length} ${process.arch} cores`;

try {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      json: { type: "boolean", default: false },
      units: { type: "string", default: "256" },
      seed: { type: "string", default: "2" },
      "delay-ms": { type: "string" },
    },
  });
  if (values.only !== undefined && !sectionNames.some((name) => name === values.only)) {
    process.stderr.write(`bench: there is no section ${values.only}; there is ${sectionNames.join(", ")}\n`);
    process.exitCode = usage;
  } else {
    const wants = (name: SectionName): boolean =>
      values.only === undefined ? usual.includes(name) : values.only === name;
    process.stdout.write(`${program}\n\n`);
    const download = wants("download") ? await measureDownloadSection() : undefined;
    if (download !== undefined) process.stdout.write(`${showDownloadSection(download)}\n`);
    const idle = wants("idle") ? await measureIdleSection() : undefined;
    if (idle !== undefined) process.stdout.write(`${showIdleSection(idle)}\n`);
    const delays = values["delay-ms"] === undefined ? stationDelays : [wholeNumber(values["delay-ms"])];
    const station = wants("station") ? await measureStationSection(delays) : undefined;
    if (station !== undefined) process.stdout.write(`${showStationSection(station)}\n`);
    const order = { units: wholeNumber(values.units), seed: wholeNumber(values.seed) };
    const line = wants("line") ? await measureLineSection(order) : undefined;
    if (line !== undefined) {
      process.stdout.write(`${showLineSection(line)}\n`);
      if (lineFailures(line).length > 0) process.exitCode = 1;
    }
    const requests = wants("requests") ? await measureRequestsSection() : undefined;
    if (requests !== undefined) process.stdout.write(`${showRequestsSection(requests)}\n`);
    const figures = { schema: "esimd.bench/1", program, download, idle, station, line, requests };
    if (values.json) process.stdout.write(`${JSON.stringify(figures)}\n`);
  }
} catch (error) {
  process.stderr.write(`bench: ${describeCause(error)}\n`);
  process.exitCode = 1;
}

/** @throws for what is no whole number. */
function wholeNumber(text: string): number {
  if (/^\d{1,7}$/.test(text)) return Number(text);
  throw new Error(`${text} is no whole number`);
}
