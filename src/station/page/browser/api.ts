/** Requests to the station that the page comes from; there is no other. */

export type Answer =
  | { readonly kind: "done"; readonly body: unknown }
  | { readonly kind: "refused"; readonly sentence: string }
  /** The page's password is wanted. */
  | { readonly kind: "locked" }
  | { readonly kind: "unreachable" };

const withinMs = 70_000;

export function ask(path: string): Promise<Answer> {
  return answerOf(path, {});
}

export function tell(path: string, body: object): Promise<Answer> {
  const headers = { "content-type": "application/json" };
  return answerOf(path, { method: "POST", headers, body: JSON.stringify(body) });
}

async function answerOf(path: string, init: RequestInit): Promise<Answer> {
  try {
    const response = await fetch(path, { ...init, signal: AbortSignal.timeout(withinMs), redirect: "error" });
    const body: unknown = await response.json();
    if (response.ok) return { kind: "done", body };
    if (response.status === 401 && path !== "/api/login") return { kind: "locked" };
    return { kind: "refused", sentence: refusalIn(body) };
  } catch {
    return { kind: "unreachable" };
  }
}

/** What to show to a person of an answer that is not as wished. */
export function sentenceIn(answer: Exclude<Answer, { kind: "done" }>): string {
  switch (answer.kind) {
    case "refused":
      return answer.sentence;
    case "locked":
      return "The page is locked: open it anew.";
    case "unreachable":
      return "The station does not answer.";
  }
}

function refusalIn(body: unknown): string {
  const error = field(body, "error");
  const message = textField(error, "message");
  const hint = textField(error, "hint");
  return message === "" ? "The station refused it." : `${capital(message)}. ${hint}`.trim();
}

export function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

export function textField(value: unknown, name: string): string {
  const found = field(value, name);
  return typeof found === "string" ? found : "";
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
