import { config } from "zod";

/**
 * zod writes and compiles a function for each form that it checks, which pays from some hundred values of a form on. Must be called
 * before a form is made.
 */
export function interpretChecks(): void {
  config({ jitless: true });
}
