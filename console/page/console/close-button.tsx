import type { JSX } from 'preact';

/** Closes a panel, as Esc does. */
export const CloseButton = ({ onClose }: { readonly onClose: () => void }): JSX.Element => (
  <button type="button" title="Esc" onClick={onClose}>
    Close
  </button>
);
