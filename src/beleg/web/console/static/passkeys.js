// Passkeys: ask the server for a question, have the browser's authenticator answer it, send the answer back.
const wrong = (text, within = document) => {
  const place = within.querySelector("[data-wrong]");
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
  const said = await post("/enrol/answer", { secret, answer: made.toJSON() });
  if (said.token) location.href = "/";
  else location.reload();
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

// A form of a page of ours; whoever is answered by a page has to look at that page first.
async function send(address, fields) {
  const response = await fetch(address, { method: "POST", body: new URLSearchParams(fields) });
  if (!response.headers.get("content-type").startsWith("application/json")) {
    location.reload();
    return new Promise(() => {});
  }
  const said = await response.json();
  if (!response.ok) throw new Error(said.error);
  return said;
}

async function approve(form, verdict) {
  const address = `/approval/${encodeURIComponent(form.dataset.approve)}`;
  const token = form.elements.token.value;
  const asked = await send(`${address}/question`, { token, verdict, reason: form.elements.reason.value });
  const got = await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked) });
  const said = await send(`${address}/answer`, { token, answer: JSON.stringify(got.toJSON()) });
  location.href = said.goal;
}

async function accept(secret) {
  const said = await post("/enrol/company", { secret });
  location.href = said.goal;
}

// Whoever signs in elsewhere comes back to the page their form stood on; there, drafts.js puts the text into it again.
function keep(link) {
  const form = document.querySelector("[data-kept]");
  const goal = new URLSearchParams(new URL(link.href).search).get("goal");
  for (const field of form?.querySelectorAll("textarea") ?? []) {
    sessionStorage.setItem(`draft ${goal} ${form.getAttribute("action")} ${field.name}`, field.value);
  }
}

export function passkeys() {
  const away = document.querySelector("[data-away]");
  away?.addEventListener("click", () => keep(away));
  const company = document.querySelector("[data-company]");
  company?.addEventListener("click", async () => {
    try {
      await accept(company.dataset.company);
    } catch (error) {
      wrong(error.message);
    }
  });
  for (const form of document.querySelectorAll("[data-approve]")) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        await approve(form, event.submitter.value);
      } catch (error) {
        wrong(error.message, form);
      }
    });
  }
  const button = document.querySelector("[data-passkey]");
  button?.addEventListener("click", async () => {
    try {
      await (button.dataset.passkey === "enrol" ? enrol(button.dataset.secret) : signIn());
    } catch (error) {
      wrong(error.message);
    }
  });
}
