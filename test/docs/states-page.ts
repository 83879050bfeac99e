import { type StateEntry, stateNames, states } from "../../src/provision/states.js";

const policyKeys: Readonly<Record<string, string>> = {
  wakeWaitMs: "`modem.wake_wait`",
  clockWaitMs: "`boot.clock_wait`",
  networkWaitMs: "`boot.network_wait`",
  reserveSettleMs: "`reservation.reserve_settle`",
  availableWaitMs: "`reservation.available_wait`",
  downloadTimeoutMs: "`download.timeout`",
  registrationWaitMs: "`network.registration_wait`",
  connectivityWaitMs: "`connectivity.wait`",
  confirmWaitMs: "`confirm.wait`",
};

/** docs/states.md: the journey as a table. */
export function statesPage(): string {
  return [
    "# States",
    "",
    "A run goes through these states. It begins at `connecting` every time and looks at the world before it decides: what was done already",
    "is found, not remembered. Whatever goes wrong leads to `failed`, or to `held` where only a person may decide; errors.md says which.",
    "",
    "| state | what happens | at most | event → next state |",
    "|---|---|---|---|",
    ...stateNames.map((name) => row(name, states[name])),
    "",
  ].join("\n");
}

function row(name: string, entry: StateEntry): string {
  const next = Object.entries(entry.on).map(([event, to]) => `${event} → ${to}`);
  return `| \`${name}\` | ${entry.sentence} | ${deadline(entry.deadline)} | ${next.length === 0 ? "the end" : next.join("<br>")} |`;
}

function deadline(value: StateEntry["deadline"]): string {
  if (typeof value === "number") return `${value / 1000} s`;
  return value === "none" ? "" : (policyKeys[value] ?? value);
}
