import { sentenceIn, tell } from "./api.js";
import { byId, setText } from "./dom.js";
import { themeSwitch } from "./theme.js";

/** The station's password, once for this browser. */
const form = byId("login", HTMLFormElement);
const password = byId("password", HTMLInputElement);
const refused = byId("refused", HTMLElement);
themeSwitch(undefined);
password.focus();
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void tell("/api/login", { password: password.value }).then((answer) => {
    if (answer.kind === "done") location.assign("/");
    else {
      setText(refused, "");
      setText(refused, sentenceIn(answer));
      password.select();
    }
  });
});
