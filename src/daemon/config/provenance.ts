/** Where a configuration value came from: said in every sentence about it, and by `esimd config show`. */

export type Origin =
  | { readonly kind: "default" }
  /** A key of a configuration file. */
  | { readonly kind: "file"; readonly path: string; readonly key: string }
  | { readonly kind: "environment"; readonly variable: string }
  | { readonly kind: "flag"; readonly flag: string }
  /** A systemd credential (systemd.exec(5), LoadCredential=). */
  | { readonly kind: "credential"; readonly name: string }
  /** A file that holds nothing but a secret, named by a `…_file` key. */
  | { readonly kind: "secret-file"; readonly path: string };

/** As one short phrase: "default", "/etc/esimd/config.toml:api.url", "environment variable ESIMD_API_URL", "flag --provider". */
export function describeOrigin(origin: Origin): string {
  switch (origin.kind) {
    case "default":
      return "default";
    case "file":
      return `${origin.path}:${origin.key}`;
    case "environment":
      return `environment variable ${origin.variable}`;
    case "flag":
      return `flag ${origin.flag}`;
    case "credential":
      return `credential ${origin.name}`;
    case "secret-file":
      return `file ${origin.path}`;
  }
}

/** The subject of a sentence about a value: file and key, or the variable, or the flag. */
export function placeOf(origin: Origin, key: string): string {
  switch (origin.kind) {
    case "file":
      return `${origin.path}: ${origin.key}`;
    case "default":
      return key;
    default:
      return describeOrigin(origin);
  }
}
