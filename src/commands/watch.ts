import { follow, type Sight } from "../daemon/control/follow.js";
import type { EventForm, ModemForm } from "../daemon/control/forms.js";
import { isoOf } from "../daemon/control/forms.js";
import type { Command, CommandContext } from "./command.js";
import { commonFlags, configFor, everyFlag } from "./common-flags.js";
import { daemonClient, isAt } from "./daemon-call.js";
import { oneLine } from "./failure.js";
import { activityText, eventText, reportText } from "./modem-text.js";
import { createScreen } from "./watch-screen.js";

/** `esimd watch`: what the daemon does, as it happens, until stopped. */
export const watchCommand: Command = {
  name: "watch",
  summary: "show what the daemon does as it happens, until stopped",
  positionals: "",
  flags: {
    ...commonFlags(...everyFlag),
    modem: { type: "string", value: "NAME", help: "Only the modem that the daemon serves under this name." },
  },
  run: async (context, args) => {
    const { config } = configFor(context, args, { "api.provider": "none" });
    const named = { name: args.text("modem"), port: args.text("port") };
    const client = daemonClient(context, config);
    const living = context.stdoutIsTerminal === true && context.env["TERM"] !== "dumb";
    const view = args.has("json")
      ? jsonView(context)
      : living
        ? livingView(context, args.has("no-color"))
        : plainView(context);
    const { clock, random, signal } = context;
    const chosen = new Chosen(named);
    try {
      for await (const sight of follow({ client, stateDir: config.stateDir, clock, random }, signal)) {
        if (chosen.has(sight)) view.show(chosen.of(sight));
      }
    } finally {
      view.done();
      await client?.close();
    }
    return 0;
  },
};

/** Those of all sights that are about the named modem; all of them where none was named. */
class Chosen {
  readonly #named: { readonly name: string | undefined; readonly port: string | undefined };
  #names: ReadonlySet<string> | undefined;

  constructor(named: { readonly name: string | undefined; readonly port: string | undefined }) {
    this.#named = named;
  }

  has(sight: Sight): boolean {
    const { name, port } = this.#named;
    if (name === undefined && port === undefined) return true;
    if (sight.kind === "report") return [name, port].some((one) => one === sight.report.modem.port);
    if (sight.kind !== "event") return true;
    const { event } = sight.seen;
    if (event === undefined || !("modem" in event)) return event !== undefined;
    return event.modem === name || this.#names?.has(event.modem) === true || this.#isServedNow(event);
  }

  of(sight: Sight): Sight {
    if (sight.kind !== "daemon") return sight;
    const { name, port } = this.#named;
    if (name === undefined && port === undefined) return sight;
    const modems = sight.status.modems.filter(
      (modem) => (name === undefined || modem.name === name) && isAt(modem, port),
    );
    this.#names = new Set(modems.map((modem) => modem.name));
    return { kind: "daemon", status: { ...sight.status, modems } };
  }

  /** One that comes under the port that was named. */
  #isServedNow(event: EventForm): boolean {
    if (event.kind !== "served" || event.port !== this.#named.port) return false;
    this.#names = new Set([...(this.#names ?? []), event.modem]);
    return true;
  }
}

interface View {
  show(sight: Sight): void;
  done(): void;
}

/** One object a line: the daemon's own, and for what is no event of it one of the same form without an id. */
function jsonView(context: CommandContext): View {
  const write = (value: object): void => context.stdout(`${JSON.stringify(value)}\n`);
  return {
    show: (sight) => {
      switch (sight.kind) {
        case "daemon":
          write(sight.status);
          return;
        case "event":
          context.stdout(`${sight.seen.text}\n`);
          return;
        case "report": {
          const { report } = sight;
          const at = report.finishedAt;
          write({ schema: "esimd.event/1", id: null, at, modem: report.modem.port, kind: "report", report });
          return;
        }
        case "absent": {
          const at = isoOf(context.clock.nowMs());
          write({ schema: "esimd.event/1", id: null, at, kind: "absent", message: sight.error?.message ?? null });
        }
      }
    },
    done: () => undefined,
  };
}

function plainView(context: CommandContext): View {
  const write = (at: string, who: string, text: string): void => context.stdout(`${at}  ${oneLine(who)}  ${text}\n`);
  const rests = new Map<string, string>();
  return {
    show: (sight) => {
      const now = isoOf(context.clock.nowMs());
      switch (sight.kind) {
        case "daemon":
          write(now, "esimd", greeting(sight.status));
          for (const modem of sight.status.modems) write(modem.activity.since, modem.name, activityText(modem));
          return;
        case "event": {
          const { event } = sight.seen;
          if (event === undefined) return;
          const who = "modem" in event ? event.modem : "esimd";
          // A rest that goes on is told to programs, which take it for a sign of life.
          const isTold = event.kind === "rest" && rests.get(who) === event.sentence;
          if (event.kind === "rest") rests.set(who, event.sentence);
          else rests.delete(who);
          if (!isTold) write(event.at, who, eventText(event));
          return;
        }
        case "report":
          write(sight.report.finishedAt, sight.report.modem.port, `a run ended: ${reportText(sight.report)}`);
          return;
        case "absent":
          context.stderr(`${absence(sight)}\n`);
      }
    },
    done: () => undefined,
  };
}

function livingView(context: CommandContext, noColor: boolean): View {
  const screen = createScreen(context, { noColor });
  const { clock } = context;
  const onModem = (event: Extract<EventForm, { readonly modem: string }>): void => {
    const name = oneLine(event.modem);
    if (event.kind === "dropped") screen.remove(name);
    else if (event.kind === "report") screen.note(`${event.at}  ${name}  ${eventText(event)}`);
    else screen.line(name, eventText(event), Date.parse(event.at));
  };
  const stand = (modem: ModemForm): void =>
    screen.line(oneLine(modem.name), activityText(modem), Date.parse(modem.activity.since));
  return {
    show: (sight) => {
      switch (sight.kind) {
        case "daemon":
          screen.clear();
          screen.note(`${isoOf(clock.nowMs())}  ${greeting(sight.status)}`);
          for (const modem of sight.status.modems) stand(modem);
          return;
        case "event": {
          const { event } = sight.seen;
          if (event === undefined) return;
          if ("modem" in event) onModem(event);
          else screen.note(`${event.at}  ${eventText(event)}`);
          return;
        }
        case "report": {
          const { report } = sight;
          const text = `the last run ended: ${reportText(report)}`;
          screen.line(oneLine(report.modem.port), text, Date.parse(report.finishedAt));
          return;
        }
        case "absent":
          screen.clear();
          screen.note(absence(sight));
      }
    },
    done: () => screen.done(),
  };
}

function greeting({ version, pid, phase, modems }: Extract<Sight, { kind: "daemon" }>["status"]): string {
  const count = modems.length === 1 ? "1 modem" : `${modems.length} modems`;
  return `esimd ${oneLine(version)}, process ${pid}, ${phase}: ${count}`;
}

function absence({ files }: Extract<Sight, { kind: "absent" }>): string {
  const meanwhile =
    files === undefined
      ? "until it comes, the status files are followed"
      : `waiting for it (${oneLine(files.message)})`;
  return `no daemon answers; ${meanwhile}`;
}
