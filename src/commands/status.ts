import { maskIdentifiers } from "../base/identifiers.js";
import { readStatus } from "../daemon/status-file.js";
import type { Report } from "../report/schema.js";
import type { Command } from "./command.js";
import { commonFlags, configFor, everyFlag } from "./common-flags.js";

/** `esimd status`: the last report of each port, from the state folder. */
export const statusCommand: Command = {
  name: "status",
  summary: "show the last report of each modem",
  positionals: "",
  flags: commonFlags(...everyFlag),
  run: async (context, args) => {
    const { config } = configFor(context, args, { "api.provider": "none" });
    const port = args.text("port");
    const all = await readStatus(config.stateDir);
    const reports = all.filter(({ modem }) => port === undefined || modem.port === port);
    if (args.has("json")) {
      context.stdout(`${JSON.stringify({ schema: "esimd.status/1", reports })}\n`);
      return 0;
    }
    if (reports.length === 0)
      context.stdout(
        `no run has ended yet${port === undefined ? "" : ` on ${port}`} (state folder ${config.stateDir})\n`,
      );
    for (const report of reports) context.stdout(statusLines(report));
    return 0;
  },
};

function statusLines(report: Report): string {
  const { modem, error } = report;
  const eid = report.eid === null ? "EID unknown" : `EID ${maskIdentifiers(report.eid)}`;
  const head = `${modem.port}  ${report.state}  ${eid}  ${report.finishedAt}\n`;
  return error === null
    ? head
    : `${head}    ${error.message} (${error.code}; acts: ${error.actor})\n    ${error.hint}\n`;
}
