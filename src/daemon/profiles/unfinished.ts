import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { type ActivationCode, formatActivationCode, type Iccid, parseIccid } from "../../base/identifiers.js";
import type { InstalledProfile } from "../../lpa/lpa.js";
import type { Disk } from "../../provision/store/disk.js";

/**
 * A download that was begun by hand and whose end nobody saw, in a small file beside the journal: when the same code comes again, its
 * profile may be on the eUICC already, and the SM-DP+ would only say that the code is used. Losing the file costs that knowledge, no more.
 */

const fileSchema = z.strictObject({
  schema: z.literal("esimd.download/1"),
  /** Of the activation code: the code itself is worth money until it is used. */
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  /** What was offered, once that was seen. */
  iccid: z.string().max(20).nullable(),
  /** What was on the eUICC before. */
  before: z.array(z.string().max(20)).max(200),
});

export type Unfinished = z.infer<typeof fileSchema>;

export interface UnfinishedFile {
  read(): Promise<Unfinished | undefined>;
  write(download: Unfinished): Promise<void>;
  remove(): Promise<void>;
}

export function unfinishedFile(disk: Disk, folder: string): UnfinishedFile {
  const path = join(folder, "download.json");
  return {
    read: async () => {
      const text = await disk.read(path);
      if (text === undefined) return undefined;
      try {
        return fileSchema.safeParse(JSON.parse(text)).data;
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        return undefined;
      }
    },
    write: (download) => disk.replace(path, `${JSON.stringify(download)}\n`),
    remove: () => disk.remove(path),
  };
}

export function beginning(code: ActivationCode, before: readonly InstalledProfile[]): Unfinished {
  const digest = createHash("sha256").update(formatActivationCode(code)).digest("hex");
  return { schema: "esimd.download/1", digest, iccid: null, before: before.map(({ iccid }) => iccid) };
}

/**
 * The profile that an earlier download by the same code left on the eUICC: the one that it was offered, else the only one that is new
 * since and not known to be another's. Pure.
 */
export function leftBy(
  unfinished: Unfinished | undefined,
  now: Unfinished,
  list: readonly InstalledProfile[],
  others: readonly (string | null)[],
): Iccid | undefined {
  if (unfinished === undefined || unfinished.digest !== now.digest) return undefined;
  if (unfinished.iccid !== null) {
    const offered = parseIccid(unfinished.iccid, "download.json");
    return list.find(({ iccid }) => iccid === offered)?.iccid;
  }
  const fresh = list.filter(({ iccid }) => !unfinished.before.includes(iccid) && !others.includes(iccid));
  return fresh.length === 1 ? fresh[0]?.iccid : undefined;
}
