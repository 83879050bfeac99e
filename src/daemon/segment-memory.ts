import { join } from "node:path";
import { z } from "zod";
import { isEsimdError } from "../base/errors.js";
import type { Log } from "../base/logging.js";
import {
  afterInstallation,
  nothingKnown,
  type SegmentKnowledge,
  type SegmentMemory,
  segmentSizes,
} from "../lpa/apdu/segment-size.js";
import type { ModemIdentity } from "../modem/identity.js";
import type { Disk } from "../provision/store/disk.js";

const size = z.number().int();

/** A number alone is a size that is not in doubt. */
const entrySchema = z.union([
  size.transform((bytes): SegmentKnowledge => ({ bytes, doubt: undefined, strikes: 0 })),
  z
    .object({ bytes: size.optional(), doubt: size.optional(), strikes: z.number().int().min(0).max(100) })
    .transform(({ bytes, doubt, strikes }): SegmentKnowledge => ({ bytes, doubt, strikes })),
]);

const fileSchema = z.record(z.string().max(400), entrySchema);

/**
 * The segment sizes that modems were found to take, by vendor, model and revision, in one small file of the state folder. It only saves
 * a try: a file that cannot be read or written costs a log line.
 */
export function createSegmentMemory(
  disk: Disk,
  stateDir: string,
  identity: ModemIdentity | undefined,
  log: Log,
): SegmentMemory {
  const path = join(stateDir, "segments.json");
  const { vendor = "", model = "", revision = "" } = identity ?? {};
  const key = [vendor, model, revision].join(" | ");
  const read = async (): Promise<Record<string, SegmentKnowledge>> => {
    try {
      const text = await disk.read(path);
      const parsed = fileSchema.safeParse(text === undefined ? {} : JSON.parse(text));
      return parsed.success ? parsed.data : {};
    } catch (error) {
      if (!(error instanceof SyntaxError) && !isEsimdError(error)) throw error;
      return {};
    }
  };
  const change = (next: (known: SegmentKnowledge) => SegmentKnowledge): Promise<void> =>
    inTurn(disk, () => changeNow(next));
  const changeNow = async (next: (known: SegmentKnowledge) => SegmentKnowledge): Promise<void> => {
    try {
      const all = await read();
      const known = all[key] ?? nothingKnown;
      const changed = next(known);
      if (changed.bytes === known.bytes && changed.doubt === known.doubt && changed.strikes === known.strikes) return;
      await disk.makeFolder(stateDir);
      const entries = Object.entries({ ...all, [key]: changed }).map(([model, entry]) => [model, written(entry)]);
      await disk.replace(path, `${JSON.stringify(Object.fromEntries(entries))}\n`);
    } catch (error) {
      if (!isEsimdError(error)) throw error;
      log.warn({ error }, "the modem's segment size could not be kept");
    }
  };
  return {
    recall: async () => {
      const { bytes, doubt } = (await read())[key] ?? nothingKnown;
      const known = doubt ?? bytes;
      return known !== undefined && segmentSizes.includes(known) ? known : undefined;
    },
    remember: (bytes) =>
      change((known) => (known.doubt === undefined ? { ...known, bytes } : { ...known, doubt: bytes })),
    doubt: (bytes) => change((known) => ({ ...known, doubt: bytes })),
    installed: (bytes) => change((known) => afterInstallation(known, bytes)),
  };
}

/** Many modems in one process share the file: two that change it at once would undo each other, and rename one draft twice. */
const lastChange = new WeakMap<Disk, Promise<void>>();

function inTurn(disk: Disk, change: () => Promise<void>): Promise<void> {
  const turn = (lastChange.get(disk) ?? Promise.resolve()).then(change);
  // Whoever comes next waits for this one, and has no part in its failure.
  lastChange.set(
    disk,
    turn.catch(() => undefined),
  );
  return turn;
}

function written({ bytes, doubt, strikes }: SegmentKnowledge): unknown {
  return doubt === undefined && strikes === 0 ? bytes : { bytes, doubt, strikes };
}
