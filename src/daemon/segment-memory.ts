import { join } from "node:path";
import { z } from "zod";
import { isEsimdError } from "../base/errors.js";
import type { Log } from "../base/logging.js";
import { type SegmentMemory, segmentSizes } from "../lpa/apdu/segment-size.js";
import type { ModemIdentity } from "../modem/identity.js";
import type { Disk } from "../provision/store/disk.js";

const fileSchema = z.record(z.string().max(400), z.number().int());

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
  const read = async (): Promise<Record<string, number>> => {
    try {
      const text = await disk.read(path);
      const parsed = fileSchema.safeParse(text === undefined ? {} : JSON.parse(text));
      return parsed.success ? parsed.data : {};
    } catch (error) {
      if (!(error instanceof SyntaxError) && !isEsimdError(error)) throw error;
      return {};
    }
  };
  return {
    recall: async () => {
      const known = (await read())[key];
      return known !== undefined && segmentSizes.includes(known) ? known : undefined;
    },
    remember: async (bytes) => {
      try {
        await disk.makeFolder(stateDir);
        await disk.replace(path, `${JSON.stringify({ ...(await read()), [key]: bytes })}\n`);
      } catch (error) {
        if (!isEsimdError(error)) throw error;
        log.warn({ error }, "the modem's segment size could not be kept");
      }
    },
  };
}
