import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { describeCause } from "../../src/base/errors.js";
import { measureDownloadSection, showDownloadSection } from "./download-section.js";
import { measureIdleSection, showIdleSection } from "./idle-section.js";

/** `npm run bench`: what esimd costs, measured on the emulators (docs/bench.md). It prints figures; tests hold them to their ceilings. */

const sectionNames = ["download", "idle"] as const;

const usage = 64;
const program = `Node ${process.version} on ${cpus().length} ${process.arch} cores`;

try {
  const { values } = parseArgs({ options: { only: { type: "string" }, json: { type: "boolean", default: false } } });
  if (values.only !== undefined && !sectionNames.some((name) => name === values.only)) {
    process.stderr.write(`bench: there is no section ${values.only}; there is ${sectionNames.join(", ")}\n`);
    process.exitCode = usage;
  } else {
    const wants = (name: (typeof sectionNames)[number]): boolean => values.only === undefined || values.only === name;
    process.stdout.write(`${program}\n\n`);
    const download = wants("download") ? await measureDownloadSection() : undefined;
    if (download !== undefined) process.stdout.write(`${showDownloadSection(download)}\n`);
    const idle = wants("idle") ? await measureIdleSection() : undefined;
    if (idle !== undefined) process.stdout.write(`${showIdleSection(idle)}\n`);
    if (values.json) process.stdout.write(`${JSON.stringify({ schema: "esimd.bench/1", program, download, idle })}\n`);
  }
} catch (error) {
  process.stderr.write(`bench: ${describeCause(error)}\n`);
  process.exitCode = 1;
}
