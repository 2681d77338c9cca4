// What an audit runs when its configuration names no attack: passive ones that need no data of their own.

export const defaultAttacks = ["dlg", "idlg", "inverting-gradients"] as const;
