import {
  type Actor,
  type ErrorEntry,
  errorCodes,
  errorRegistry,
  type RetryClass,
} from "../../src/base/error-registry.js";
import { exitStatuses } from "../../src/base/exit-statuses.js";

const actors: Readonly<Record<Actor, string>> = {
  operator: "the operator",
  "device-maker": "the device maker",
  vendor: "the vendor",
  network: "whoever runs the network",
  esimd: "the esimd project",
  none: "nobody",
};

const retries: Readonly<Record<RetryClass, string>> = {
  never: "no, the same run ends the same way",
  later: "yes, after a pause",
  now: "yes, at once",
};

/** docs/errors.md: what a person looks up when esimd names a code. */
export function errorsPage(): string {
  const codes = errorCodes.map((code) => [code, errorRegistry[code]] as const);
  return [
    "# Errors and exit statuses",
    "",
    "Every error has a stable code. On stderr it is one sentence with the code in brackets, and a line that says what to do next; with",
    '`--json` it is also the last line of stdout (`{"schema":"esimd.error/1","error":{code,message,actor,retry,hint}}`), and a report of a',
    "run carries it in `error`.",
    "",
    "## Exit statuses",
    "",
    "| status | means | codes |",
    "|---|---|---|",
    ...exitStatuses.map(([status, meaning]) => {
      const listed = codes.filter(([, entry]) => entry.exit === status).map(([code]) => `[${code}](#${code})`);
      return `| ${status} | ${meaning} | ${listed.join(", ")} |`;
    }),
    "",
    "`held` means that esimd does nothing more for this eUICC by itself: going on could cost money or a profile.",
    "",
    "## Codes",
    "",
    ...codes.flatMap(([code, entry]) => section(code, entry)),
  ].join("\n");
}

/** Every exit status that the registry can produce is explained on the page. */
export const documentedExitStatuses: ReadonlySet<number> = new Set(exitStatuses.map(([status]) => status));

function section(code: string, entry: ErrorEntry): readonly string[] {
  return [
    `### ${code}`,
    "",
    entry.sentence,
    "",
    `- **Who acts:** ${actors[entry.actor]}`,
    `- **Next step:** ${entry.next}`,
    `- **Worth another run:** ${retries[entry.retry]}`,
    `- **Exit status:** ${entry.exit}${entry.held === true ? ", and the run ends `held`" : ""}`,
    "",
  ];
}
