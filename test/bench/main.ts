import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { describeCause } from "../../src/base/errors.js";
import { sections } from "./sections.js";

/** `npm run bench`: what esimd costs, measured on the emulators (docs/bench.md). It prints figures; tests hold them to their ceilings. */

const usage = 64;
const machine = `Node ${process.version} on ${cpus().length} ${process.arch} cores`;

try {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      json: { type: "boolean", default: false },
      units: { type: "string", default: "256" },
      seed: { type: "string", default: "2" },
      "delay-ms": { type: "string" },
      full: { type: "boolean", default: false },
      times: { type: "string", default: "3" },
      devices: { type: "string", default: "100000" },
      "api-rate": { type: "string", default: "100" },
      "smdp-rate": { type: "string", default: "50" },
      plots: { type: "string" },
    },
  });
  const wanted = sections.filter(({ name, isUsual }) => (values.only === undefined ? isUsual : values.only === name));
  if (wanted.length === 0) {
    const names = sections.map(({ name }) => name).join(", ");
    process.stderr.write(`bench: there is no section ${values.only}; there is ${names}\n`);
    process.exitCode = usage;
  } else {
    const order = {
      units: wholeNumber(values.units),
      seed: wholeNumber(values.seed),
      delayMs: values["delay-ms"] === undefined ? undefined : wholeNumber(values["delay-ms"]),
      full: values.full,
      times: wholeNumber(values.times),
      devices: wholeNumber(values.devices),
      apiRate: wholeNumber(values["api-rate"]),
      smdpRate: wholeNumber(values["smdp-rate"]),
      plots: values.plots,
    };
    process.stdout.write(`${machine}\n\n`);
    const figures: Record<string, object> = {};
    for (const { name, measure } of wanted) {
      const measured = await measure(order);
      figures[name] = measured.figures;
      process.stdout.write(`${measured.text}\n`);
      if (measured.hasFailed) process.exitCode = 1;
    }
    if (values.json) process.stdout.write(`${JSON.stringify({ schema: "esimd.bench/1", machine, ...figures })}\n`);
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
