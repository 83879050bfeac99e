import type { AtReply } from "../at/channel.js";
import { isEsimdError } from "../base/errors.js";
import { closeAnyway } from "./close.js";
import type { Catalogue } from "./dialects/catalogue.js";
import type { Dialect, Recognition } from "./dialects/dialect.js";
import { askWhileBusy, type ModemLine } from "./exchange.js";
import type { ModemIdentity } from "./identity.js";
import { isdrAid, openCardChannel } from "./uicc-access.js";

/**
 * Finds the dialect by asking, never by brand alone where a family has commands of its own: three incompatible ones share one command
 * name. `wanted` skips the asking. A modem of no known family may still give access to the card. Resolves with undefined when it does
 * not either. The line is written to from then on as the dialect wants it.
 * @throws EsimdError `config_invalid` for a name that does not exist; what the channel throws.
 */
export async function detectDialect(
  line: ModemLine,
  wanted: string,
  catalogue: Catalogue,
  identity: ModemIdentity,
  signal: AbortSignal,
): Promise<Dialect | undefined> {
  const dialect = await findDialect(line, wanted, catalogue, identity, signal);
  line.channel.writeInPieces(dialect?.pieces);
  return dialect;
}

async function findDialect(
  line: ModemLine,
  wanted: string,
  catalogue: Catalogue,
  identity: ModemIdentity,
  signal: AbortSignal,
): Promise<Dialect | undefined> {
  if (wanted !== "auto") return catalogue.find(wanted);
  const probes = new ProbeAnswers(line);
  for (const dialect of catalogue.dialects) {
    const { recognise } = dialect;
    if (recognise !== undefined && (await isRecognised(recognise, probes, identity, signal))) return dialect;
  }
  return (await opensIsdR(line, signal)) ? catalogue.fallback : undefined;
}

async function isRecognised(
  recognise: Recognition,
  probes: ProbeAnswers,
  identity: ModemIdentity,
  signal: AbortSignal,
): Promise<boolean> {
  const { identity: looks, ask } = recognise;
  if (looks === undefined && ask === undefined) return false;
  if (looks !== undefined && !looks.test(`${identity.vendor ?? ""} ${identity.model ?? ""}`)) return false;
  if (ask === undefined) return true;
  const lines = await probes.ask(ask, signal);
  return lines !== undefined && ask.matches(lines);
}

/** Families share probes; each is sent once. */
class ProbeAnswers {
  readonly #line: ModemLine;
  readonly #answers = new Map<string, readonly string[] | undefined>();

  constructor(line: ModemLine) {
    this.#line = line;
  }

  /** The lines of an answer with OK; undefined for a refusal. */
  async ask(ask: NonNullable<Recognition["ask"]>, signal: AbortSignal): Promise<readonly string[] | undefined> {
    const { send, prefix, timeoutMs } = ask;
    if (!this.#answers.has(send)) {
      const command = { text: send, answer: { kind: "prefix", prefix }, timeoutMs } as const;
      const reply = await answerOf(askWhileBusy(this.#line, command, true, signal));
      this.#answers.set(send, reply?.result.kind === "ok" ? reply.lines : undefined);
    }
    return this.#answers.get(send);
  }
}

/**
 * Some firmware leaves test forms that it does not know unanswered (FM350, by lpac pull request 442): that is no sign. A modem that hangs
 * is silent at the next question, too.
 */
async function answerOf(asked: Promise<AtReply>): Promise<AtReply | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (!isEsimdError(error, "modem_silent")) throw error;
    return undefined;
  }
}

async function opensIsdR(line: ModemLine, signal: AbortSignal): Promise<boolean> {
  const card = await openCardChannel(line, isdrAid, signal);
  if (card !== undefined) await closeAnyway(card, line.clock);
  return card !== undefined;
}
