import { ownDialects } from "./own.js";
import { type DialectSpec, dialectSchema } from "./spec.js";

/**
 * esimd's own dialects, checked and with their defaults. The built program holds what this comes to (systemd/package/bundle-parts.ts): to
 * check at every start what cannot have changed since the build takes longer than to ask the modem.
 */
export const checkedDialects: readonly DialectSpec[] = ownDialects.map((input) => dialectSchema.parse(input));
