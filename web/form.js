// Forms and buttons: one action at a time, its failure in words beside it, and the cursor where people can go on.

export const $ = (id) => document.getElementById(id);

/** Has `action(elements)` run when the form is sent. */
export function onSubmit(form, action) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    attempt(form, () => action(form.elements), event.submitter);
  });
}

/** Has `action` run when the button is pressed; its failure is shown in `place`. */
export function onPress(button, place, action) {
  button.addEventListener('click', () => attempt(place, action, button));
}

/** Runs `action`; shows its failure in the complaint of `place`. `button` waits for it. */
async function attempt(place, action, button) {
  if (button.ariaBusy === 'true') return;
  const part = place.closest('li, section');
  const complaint = (place.closest('li') ?? place).querySelector('.complaint');
  complaint.hidden = true;
  button.ariaBusy = 'true';
  try {
    await action();
  } catch (error) {
    complaint.textContent = error.message;
    complaint.hidden = false;
  } finally {
    button.ariaBusy = null;
    // What had the focus may be gone: people who do not see the page would be at its beginning.
    const { activeElement: focused, body } = document;
    if (focused === body || focused.disabled || !focused.checkVisibility()) focusOn(part);
  }
}

/** Puts the focus on what a part of the page is called. */
function focusOn(part) {
  const name = part.isConnected ? part.querySelector('h2, .id') : $('own-title');
  name.tabIndex = -1;
  name.focus();
}
