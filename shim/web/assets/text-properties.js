/*
 * Properties of custom elements that are texts. h() sets texts of custom elements as attributes, so that is where they are
 * kept; a script sets and reads the property. Setting one shows the element anew. null is remembered: "known to be none" is
 * something else than undefined, "not told".
 */
export function textProperties(type, names) {
  for (const name of names) {
    const none = Symbol(name);

    Object.defineProperty(type.prototype, name, {
      get() {
        return this.getAttribute(name) ?? this[none];
      },
      set(value) {
        this[none] = value === null ? null : undefined;
        if (value == null) this.removeAttribute(name);
        else this.setAttribute(name, value);
        this.update();
      },
    });
  }
}
