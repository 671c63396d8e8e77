/** Styles are bundled beside the scripts; importing them gives nothing. */
declare module '*.css' {}
