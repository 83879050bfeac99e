import {
  type Actor,
  type ErrorEntry,
  errorCodes,
  errorRegistry,
  type RetryClass,
} from "../../src/base/error-registry.js";

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

const exitStatuses: readonly (readonly [number, string])[] = [
  [0, 'done, also when there was nothing left to do (the report says `"changed":false`)'],
  [1, "unexpected"],
  [11, "provisioned, but not registered on a network"],
  [64, "usage: the command line"],
  [65, "bad data: a value or a file"],
  [66, "no such port"],
  [69, "modem, API or SM-DP+ unavailable"],
  [74, "input or output failed: the serial line, the state folder"],
  [75, "temporary: try again"],
  [76, "the modem broke the protocol"],
  [77, "permission or credential"],
  [78, "configuration"],
  [79, "held: a person must decide"],
];

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
