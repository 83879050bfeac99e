import { EsimdError } from "../../base/errors.js";
import type { configSchema } from "./schema.js";

/** What of the sinks' keys does not fit together. `place` names where a key was set. Pure. */
export function sinkProblems(
  file: Pick<ReturnType<typeof configSchema.parse>, "webhook" | "mqtt">,
  hasWebhookSecret: boolean,
  place: (key: "webhook.url" | "webhook.key_file" | "webhook.cert_file" | "mqtt.key_file" | "mqtt.cert_file") => string,
): readonly EsimdError[] {
  const problems: EsimdError[] = [];
  for (const name of ["webhook", "mqtt"] as const) {
    const { cert_file: cert, key_file: key } = file[name];
    if ((cert === undefined) === (key === undefined)) continue;
    const [set, missing] =
      cert === undefined ? (["key_file", "cert_file"] as const) : (["cert_file", "key_file"] as const);
    problems.push(
      new EsimdError(
        "config_invalid",
        `${place(`${name}.${set}`)} is set, and ${name}.${missing} is not; a client certificate needs both`,
      ),
    );
  }
  if (file.webhook.url !== undefined && !hasWebhookSecret && file.webhook.cert_file === undefined) {
    problems.push(
      new EsimdError(
        "credentials_missing",
        `${place("webhook.url")} is set, and neither a secret to sign with nor a client certificate is`,
        {
          hint: "Give the secret as the credential esimd_webhook_secret or by webhook.secret_file: without it nobody can tell this device's reports from anybody's.",
        },
      ),
    );
  }
  return problems;
}
