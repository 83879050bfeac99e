import { z } from "zod";

const resultSchema = z.object({ type: z.literal("lpa"), payload: z.object({ code: z.number() }) });

/** Whether lpac's lines of JSON end in a success: its exit status says it, too, but not of every version. */
export function answeredWell(stdout: string): boolean {
  return stdout.split("\n").some((line) => {
    try {
      return resultSchema.safeParse(JSON.parse(line)).data?.payload.code === 0;
    } catch {
      return false;
    }
  });
}
