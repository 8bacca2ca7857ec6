// Forms: one action at a time, and its failure in words beside it.

/** Has `action(elements, submitter)` run when the form is sent. */
export function onSubmit(form, action) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    attempt(form, () => action(form.elements, event.submitter), event.submitter);
  });
}

/** Runs `action`; shows its failure in the complaint of `place`. `button` waits for it. */
export async function attempt(place, action, button) {
  if (button?.ariaBusy === 'true') return;
  const complaint = (place.closest('li') ?? place).querySelector('.complaint');
  complaint.hidden = true;
  if (button) button.ariaBusy = 'true';
  try {
    await action();
  } catch (error) {
    complaint.textContent = error.message;
    complaint.hidden = false;
  } finally {
    if (button) button.ariaBusy = null;
  }
}

export const $ = (id) => document.getElementById(id);
