import { EsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import { didYouMean } from "../daemon/config/suggest.js";
import type { ControlClient, ModemAction } from "../daemon/control/client.js";
import type { Command, CommandContext, ParsedArgs } from "./command.js";
import { commonFlags, configFor, everyFlag } from "./common-flags.js";
import { chosenModems, withDaemon } from "./daemon-call.js";
import { oneLine } from "./failure.js";
import { activityText } from "./modem-text.js";

/** `esimd ctl`: tells the running daemon what to do, by its control socket. */
export const ctlCommand: Command = {
  name: "ctl",
  summary: "tell the running daemon: provision, pause or resume a modem; reload, drain",
  positionals: "provision|pause|resume [NAME] | reload | drain",
  flags: commonFlags(...everyFlag),
  run: (context, args) => {
    const [action, ...names] = args.positionals;
    if (action === undefined) throw usage(`say what to do: ${actions.join(", ")}`);
    const { config } = configFor(context, args, { "api.provider": "none" });
    if (isModemAction(action)) {
      if (names.length > 1) throw usage(`${action} takes one name`);
      return withDaemon(context, config, (client) => actOn(context, args, client, action, names[0]));
    }
    if (!isDaemonAction(action)) throw usage(`there is no ${quote(action)}${didYouMean(action, actions)}`);
    if (names.length > 0) throw usage(`${action} takes no name: it is about the whole daemon`);
    return withDaemon(context, config, async (client) => {
      const status = await client[action](context.signal);
      const done = { reload: "the configuration was taken up", drain: "what runs may end, and then the daemon ends" };
      show(context, args, status, `${done[action]}\n`);
      return 0;
    });
  },
};

const modemActions: readonly ModemAction[] = ["provision", "pause", "resume"];
const daemonActions = ["reload", "drain"] as const;
const actions: readonly string[] = [...modemActions, ...daemonActions];

function isModemAction(word: string): word is ModemAction {
  return modemActions.some((action) => action === word);
}

function isDaemonAction(word: string): word is (typeof daemonActions)[number] {
  return daemonActions.some((action) => action === word);
}

/** Without a name: the modem at `--port`, or the only one. */
async function actOn(
  context: CommandContext,
  args: ParsedArgs,
  client: ControlClient,
  action: ModemAction,
  name: string | undefined,
): Promise<number> {
  const port = args.text("port");
  const fitting = chosenModems(await client.status(context.signal), { name, port });
  const [modem] = fitting;
  if (modem === undefined || fitting.length > 1) {
    const place = port === undefined ? "" : ` on ${port}`;
    const names = fitting.map((one) => one.name).join(", ");
    throw usage(
      modem === undefined ? `the daemon serves no modem${place}` : `the daemon serves more than one: ${names}`,
    );
  }
  const done = await client.act(modem.name, action, context.signal);
  // What was asked for begins after the answer; a pause is over with it.
  const words = { provision: "a run was asked for", resume: "goes on", pause: activityText(done) };
  show(context, args, done, `${oneLine(done.name)}  ${words[action]}\n`);
  return 0;
}

function show(context: CommandContext, args: ParsedArgs, result: object, text: string): void {
  context.stdout(args.has("json") ? `${JSON.stringify(result)}\n` : text);
}

function usage(sentence: string): EsimdError {
  return new EsimdError("usage", `ctl: ${sentence}`, { hint: "See `esimd help ctl`." });
}
