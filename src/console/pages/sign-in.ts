import { html, type Markup } from '../markup.ts';

/** `signInPath`: where the team's own sign-in begins. `trouble` says why somebody who thought to be signed in is asked again. */
export function signInBody(trouble: string | null, signInPath: string | null = null): Markup {
  return html`<section class="card narrow">
<h1>Sign in</h1>
${trouble !== null && html`<p class="note">${trouble}</p>`}
${signInPath !== null && html`<p><a class="button primary" href="${signInPath}">Sign in with your account</a></p><p class="hint">or with an API token:</p>`}
<form data-sign-in>
<label for="token">Your API token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button class="primary">Sign in</button>
</form>
<p class="hint">An admin gives you one: its SHA-256 stands beside your name in the team’s policy file. Under the demo, use the link that npm start printed.</p>
</section>`;
}

export function messageBody(heading: string, words: string): Markup {
  return html`<section class="card narrow"><h1>${heading}</h1><p>${words}</p><p><a href="/">All incidents</a></p></section>`;
}
