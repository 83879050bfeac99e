import { X509Certificate } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { readBounded } from "../../base/bounded-read.js";
import { describeCause, EsimdError } from "../../base/errors.js";

const maxRootBytes = 64 * 1024;
const maxRoots = 100;

/**
 * The roots that an SM-DP+ may chain to: every certificate in the PEM files (`.pem`, `.crt`) of a folder. Never the web's roots.
 * @throws EsimdError `smdp_untrusted` when there is none, `config_unreadable` or `config_invalid` naming the file.
 */
export async function loadCiRoots(folder: string): Promise<readonly string[]> {
  let names: string[];
  try {
    names = (await readdir(folder)).filter((name) => /\.(pem|crt)$/.test(name)).sort();
  } catch (cause) {
    throw new EsimdError(
      "smdp_untrusted",
      `the folder of GSMA roots ${folder} cannot be read: ${describeCause(cause)}`,
      { cause },
    );
  }
  if (names.length > maxRoots)
    throw new EsimdError("config_invalid", `${folder} has ${names.length} files of roots, more than ${maxRoots}`);
  const roots: string[] = [];
  for (const name of names) roots.push(...(await readRoots(join(folder, name))));
  if (roots.length === 0)
    throw new EsimdError("smdp_untrusted", `there is no GSMA root in ${folder}, so no SM-DP+ can be trusted`);
  if (roots.length > maxRoots)
    throw new EsimdError("config_invalid", `${folder} has ${roots.length} roots, more than ${maxRoots}`);
  return roots;
}

async function readRoots(path: string): Promise<string[]> {
  let text: string;
  try {
    text = (await readBounded(path, maxRootBytes)).toString("utf8");
  } catch (cause) {
    throw new EsimdError("config_unreadable", `the root file ${path} cannot be read: ${describeCause(cause)}`, {
      cause,
    });
  }
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  for (const block of blocks) {
    try {
      new X509Certificate(block);
    } catch (cause) {
      throw new EsimdError(
        "config_invalid",
        `${path} holds something that is not a certificate: ${describeCause(cause)}`,
        { cause },
      );
    }
  }
  return blocks;
}
