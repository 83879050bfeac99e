import { EsimdError } from "../base/errors.js";
import { createRedactor } from "../base/logging.js";
import type { Config } from "../daemon/config/config.js";
import { deliverAtEnd } from "../daemon/outbox/deliver-at-end.js";
import { type ProvisionResult, provisionOnce } from "../daemon/provisioner.js";
import type { Observation } from "../provision/run.js";
import { renderReport } from "../report/render.js";
import { realHost } from "../serial/host-roots.js";
import type { Command, CommandContext, ParsedArgs } from "./command.js";
import { commonFlags, configFor, oneShotDefaults, openLog, runFlags, warnOfCredentials } from "./common-flags.js";
import { failureText } from "./failure.js";
import { recordFlag, recordingOf } from "./recording.js";
import { createProgress, type Progress } from "./terminal.js";

/** `esimd provision`: one modem, one shot, resumable. */
export const provisionCommand: Command = {
  name: "provision",
  summary: "provision one modem; run it again and it goes on where it stopped",
  positionals: "",
  flags: { ...commonFlags(...runFlags), ...recordFlag },
  run: async (context, args) => {
    const { config } = configFor(context, args, oneShotDefaults);
    return provisionAndShow(context, args, config);
  },
};

/** Runs once with progress and shows the report, which comes last (what went wrong is on stderr, too); `beforeReport` may print something of its own. Shared with the demo. */
export async function provisionAndShow(
  context: CommandContext,
  args: ParsedArgs,
  config: Config,
  beforeReport: () => void = () => undefined,
): Promise<number> {
  const { port } = config.modem;
  if (port === undefined) {
    throw new EsimdError("usage", "no port is given", { hint: "Give --port, or set modem.port in the configuration." });
  }
  const options = { json: args.has("json"), quiet: args.has("quiet"), noColor: args.has("no-color") };
  const log = openLog(context, config, createRedactor());
  warnOfCredentials(log, config);
  const recording = await recordingOf(context, args, port, log);
  const progress = createProgress(context, options);
  let result: ProvisionResult;
  try {
    const { clock, random, host = realHost } = context;
    const observe = (observation: Observation): void => show(progress, observation, options.json);
    const name = args.text("modem");
    const parts = {
      config,
      port,
      ...(name !== undefined && { name }),
      host,
      clock,
      random,
      log,
      observe,
      ...(recording.open && { openPort: recording.open }),
    };
    result = await provisionOnce(parts, context.signal);
  } finally {
    progress.done();
    recording.finish();
  }
  const { error } = result.outcome;
  if (error !== undefined) context.stderr(failureText(error));
  beforeReport();
  context.stdout(options.json ? `${JSON.stringify(result.report)}\n` : renderReport(result.report));
  const { env, clock, random, signal } = context;
  await deliverAtEnd({ config, env, clock, random, log }, signal);
  return result.exitStatus;
}

function show(progress: Progress, observation: Observation, json: boolean): void {
  if (observation.kind === "state") {
    progress.state(observation.state, observation.sentence);
    return;
  }
  const { stage, doneBytes, totalBytes } = observation;
  const share = totalBytes > 0 ? `: ${doneBytes} of ${totalBytes} bytes` : "";
  // The living line shows every step; a log of lines would drown in them, so that only programs get them all.
  if (json || totalBytes === 0 || doneBytes === totalBytes) {
    progress.state("downloading", `Downloading the profile, ${stage}${share}.`, { stage, doneBytes, totalBytes });
  }
}
