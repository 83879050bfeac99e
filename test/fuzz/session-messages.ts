import { createRspWorld, testEid } from "../support/rsp-world.js";

/** Every message of a whole session between an emulated eUICC and an emulated SM-DP+, as seeds for what is spoilt. */

export interface SessionMessages {
  readonly es10Commands: readonly Uint8Array[];
  readonly es10Answers: readonly Uint8Array[];
  readonly es9Bodies: readonly string[];
  /** The bytes in base64 fields of ES9+. */
  readonly es9Fields: readonly Uint8Array[];
  readonly boundProfilePackage: Uint8Array;
}

export async function recordSession(): Promise<SessionMessages> {
  const world = createRspWorld({ profileSizeBytes: 2_000 });
  world.order({ eid: testEid });
  const es10Commands: Uint8Array[] = [];
  const es10Answers: Uint8Array[] = [];
  const es9Bodies: string[] = [];
  const tapped = new Proxy(world.euicc, {
    get: (target, property) => {
      if (property !== "es10") return Reflect.get(target, property, target);
      return (command: Uint8Array) => {
        es10Commands.push(command.slice());
        const answer = target.es10(command);
        es10Answers.push(answer.response.slice());
        return answer;
      };
    },
  });
  await world.download({
    euicc: tapped,
    post: async (fn, body) => {
      const answer = await world.post(fn, body);
      es9Bodies.push(JSON.stringify(body), answer.body);
      return answer;
    },
  });
  const fields = es9Bodies.flatMap((text): [string, unknown][] =>
    text === "" ? [] : Object.entries(JSON.parse(text)),
  );
  const bytesOf = (value: unknown): Uint8Array[] =>
    typeof value === "string" && value !== "" ? [Buffer.from(value, "base64")] : [];
  const [boundProfilePackage] = fields.flatMap(([name, value]) =>
    name === "boundProfilePackage" ? bytesOf(value) : [],
  );
  if (boundProfilePackage === undefined) throw new Error("the session had no package");
  return {
    es10Commands,
    es10Answers: es10Answers.filter((answer) => answer.length > 0),
    es9Bodies,
    es9Fields: fields.flatMap(([, value]) => bytesOf(value)).filter((bytes) => bytes.length > 0),
    boundProfilePackage,
  };
}
