import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";

/** The published test certificates and keys of GSMA SGP.26 (NIST P-256), which a test SM-DP+ trusts; found beside the project. */
const shared = resolve(process.cwd(), "../shared/rsp");

export const sgp26IsHere = existsSync(resolve(shared, "certs/test-keys.json"));

const keySchema = z.object({ scalar: z.string(), x: z.string(), y: z.string() });
const keysSchema = z.object({ keys: z.record(z.string(), keySchema) });

/** Writes a folder as `--pki` takes it: CI, EUM and eUICC. @throws Error when a key is missing. */
export function writeSgp26Pki(dir: string): void {
  const certificate = (name: string): Buffer => readFileSync(resolve(shared, "certs", `CERT_${name}_ECDSA_NIST.der`));
  const { keys } = keysSchema.parse(JSON.parse(readFileSync(resolve(shared, "certs/test-keys.json"), "utf8")));
  const put = (file: string, data: string | Uint8Array): void => writeFileSync(resolve(dir, file), data);
  put("ci.pem", pem("CERTIFICATE", certificate("CI")));
  put("ci.key.pem", ecPem("CI", keys["CI"]));
  put("eum.der", certificate("EUM"));
  put("euicc.der", certificate("EUICC"));
  put("euicc.key.pem", ecPem("EUICC", keys["EUICC"]));
}

/** The test profile of this name, if it is at hand. */
export function testProfile(name: string): Uint8Array | undefined {
  const file = resolve(shared, "upp", `${name}.der`);
  return existsSync(file) ? readFileSync(file) : undefined;
}

/** A P-256 key as SEC 1 has it (RFC 5915). */
function ecPem(name: string, key: z.output<typeof keySchema> | undefined): string {
  if (key === undefined) throw new Error(`the test keys have none for ${name}`);
  const der = `30770201010420${key.scalar}a00a06082a8648ce3d030107a14403420004${key.x}${key.y}`;
  return pem("EC PRIVATE KEY", Buffer.from(der, "hex"));
}

function pem(label: string, der: Uint8Array): string {
  return `-----BEGIN ${label}-----\n${Buffer.from(der).toString("base64")}\n-----END ${label}-----\n`;
}
