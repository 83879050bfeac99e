import { z } from "zod";
import { durationForm } from "./duration.js";
import { absolutePath, duration, isLoopback, keyDocs, text } from "./schema-kinds.js";
import { tlsKeys } from "./schema-tls.js";

const brokerUrl = text.refine((value) => {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  const secure = url.protocol === "mqtts:" || (url.protocol === "mqtt:" && isLoopback(url.hostname));
  const bare = url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  return secure && bare && url.hostname !== "" && (url.pathname === "" || url.pathname === "/");
});

/** The table `[mqtt]`. */
export const mqtt = z.strictObject({
  url: brokerUrl.optional().register(keyDocs, {
    allowed: "mqtts://HOST or mqtts://HOST:PORT (mqtt:// only on the loopback)",
    meaning:
      "The MQTT 5 broker that gets each report and the modems' states ([reports](reports.md)). Without it there is no MQTT.",
  }),
  prefix: text
    .regex(/^[^\s/+#$][^\s+#]{0,199}$/)
    .refine((value) => !value.endsWith("/"))
    .prefault("esimd")
    .register(keyDocs, {
      allowed: "one or more levels of a topic, without wildcards and without a slash at either end",
      meaning: "What every topic begins with.",
    }),
  client_id: text
    .regex(/^[A-Za-z0-9._-]{1,64}$/)
    .optional()
    .register(keyDocs, {
      allowed: 'letters, digits, ".", "_" and "-", at most 64',
      meaning: "The client id, which a broker has once only.",
      defaultText: "`esimd-` and the device's name",
    }),
  username: text.optional().register(keyDocs, { allowed: "a line of text", meaning: "The user name at the broker." }),
  password_file: absolutePath.optional().register(keyDocs, {
    allowed: "an absolute path; the file is readable by its owner only",
    meaning: "File with the password; the credential esimd_mqtt_password comes first.",
  }),
  ...tlsKeys("the broker", "the web's roots", "esimd_mqtt_key"),
  keep_alive: duration(5000)
    .prefault("60s")
    .register(keyDocs, {
      allowed: `${durationForm}, at least 5s`,
      meaning:
        "How often a word passes when nothing else does; after one and a half times that the broker takes the device for gone.",
    }),
});
