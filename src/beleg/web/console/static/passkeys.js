// Passkeys: ask the server for a question, have the browser's authenticator answer it, send the answer back.
const wrong = (text) => {
  const place = document.querySelector("[data-wrong]");
  place.textContent = text;
  place.hidden = false;
};

async function post(address, body) {
  const response = await fetch(address, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
  });
  const said = await response.json();
  if (!response.ok) throw new Error(said.error);
  return said;
}

async function enrol(secret) {
  const asked = await post("/enrol/ask", { secret });
  const made = await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked) });
  await post("/enrol/answer", { secret, answer: made.toJSON() });
  location.href = "/";
}

async function signIn() {
  const asked = await post("/sign-in/ask", {});
  const got = await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked) });
  const said = await post("/sign-in/answer", { answer: got.toJSON() });
  const kept = document.querySelector("[data-kept]");
  if (kept) {
    kept.elements.token.value = said.token;
    kept.submit();
  } else {
    location.reload();
  }
}

export function passkeys() {
  const button = document.querySelector("[data-passkey]");
  button?.addEventListener("click", async () => {
    try {
      await (button.dataset.passkey === "enrol" ? enrol(button.dataset.secret) : signIn());
    } catch (error) {
      wrong(error.message);
    }
  });
}
