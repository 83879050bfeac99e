import type { AnswerAction } from "./behaviours.js";
import { html, outOfStock, type Reply, refusal } from "./replies.js";

/** What goes back over the connection: a reply, part of one, or nothing. */
export type Answer =
  | { readonly kind: "reply"; readonly reply: Reply }
  | { readonly kind: "cut-in-head" }
  | { readonly kind: "cut-in-body" }
  | { readonly kind: "silence" };

/** The answer that a scenario wants in place of the right one. */
export function spoiltAnswer(action: AnswerAction): Answer {
  switch (action.do) {
    case "error":
      return { kind: "reply", reply: errorReply(action) };
    case "stock-out":
      return { kind: "reply", reply: outOfStock() };
    case "html":
      return { kind: "reply", reply: html(action.status) };
    case "wrong-json":
      return {
        kind: "reply",
        reply: { status: 200, headers: { "content-type": "application/json" }, body: '{"sid": "HP' },
      };
    case "redirect":
      return { kind: "reply", reply: { status: 302, headers: { location: action.location }, body: "" } };
    case "cut":
      return { kind: action.within === "head" ? "cut-in-head" : "cut-in-body" };
    case "silence":
      return { kind: "silence" };
  }
}

function errorReply(action: Extract<AnswerAction, { do: "error" }>): Reply {
  const { retryAfter } = action;
  const reply = shaped(action);
  if (retryAfter === undefined) return reply;
  return { ...reply, headers: { ...reply.headers, "retry-after": String(retryAfter) } };
}

function shaped({ status, code = 20_000 + status, message, shape }: Extract<AnswerAction, { do: "error" }>): Reply {
  switch (shape) {
    case "vendor":
      return refusal(status, code, message);
    case "problem": {
      const body = JSON.stringify({ type: "about:blank", title: "Error", status, code, detail: message });
      return { status, headers: { "content-type": "application/problem+json" }, body };
    }
    case "html":
      return html(status);
    case "empty":
      return { status, headers: {}, body: "" };
  }
}
