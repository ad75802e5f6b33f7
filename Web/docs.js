// The page at /docs: what openapi.json and asyncapi.json say, laid out for people.

import { h, fill } from "./dom.js";

const methods = ["get", "post", "put", "patch", "delete"];
const root = document.getElementById("docs");

class Document {
  constructor(json) { this.json = json; }

  /** What a `$ref` within the document points to, with its last word as a name. */
  resolve(value) {
    if (!value?.$ref) return { value: value ?? {}, name: undefined };
    const path = value.$ref.replace(/^#\//, "").split("/").map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
    return { value: path.reduce((object, key) => object?.[key], this.json) ?? {}, name: path.at(-1) };
  }

  typeName(schema) {
    const { value, name } = this.resolve(schema);
    if (name) return name;
    if (value.const !== undefined) return JSON.stringify(value.const);
    if (value.enum) return value.enum.map((item) => JSON.stringify(item)).join(" | ");
    const choices = value.oneOf ?? value.anyOf;
    if (choices) return choices.map((choice) => this.typeName(choice)).join(" | ");
    if (value.allOf) return value.allOf.map((part) => this.typeName(part)).join(" & ");
    if (value.items) return `list of ${this.typeName(value.items)}`;
    const type = [value.type].flat().filter(Boolean).join(" | ") || "anything";
    return value.format ? `${type} (${value.format})` : type;
  }

  limits(schema) {
    const { value } = this.resolve(schema);
    const words = { minLength: "at least", maxLength: "at most", minimum: "from", maximum: "to", pattern: "like", default: "else", maxItems: "at most" };
    return Object.entries(words).filter(([key]) => value[key] !== undefined).map(([key, word]) => `${word} ${JSON.stringify(value[key])}`).join(", ");
  }

  /** The properties of a schema, merged over `allOf`. */
  properties(schema) {
    const { value } = this.resolve(schema);
    const parts = (value.allOf ?? []).map((part) => this.properties(part));
    return {
      all: Object.assign({}, ...parts.map((part) => part.all), value.properties),
      required: [...parts.flatMap((part) => part.required), ...(value.required ?? [])],
    };
  }

  schema(schema, depth = 0) {
    const { value } = this.resolve(schema);
    const inner = value.items && depth < 4 ? this.resolve(value.items).value : value;
    const { all, required } = this.properties(value.items ? value.items : schema);
    const names = Object.keys(all);
    if (names.length === 0) return h("p", { class: "type" }, this.typeName(schema), value.description && h("span", { class: "soft" }, ` ${value.description}`));
    return h("dl", { class: "fields" }, names.map((name) => {
      const field = all[name], known = this.resolve(field).value;
      const isNested = depth < 2 && Object.keys(this.properties(known.items ?? field).all).length > 0;
      return [h("dt", {}, name, required.includes(name) ? "" : h("span", { class: "soft" }, "?")),
        h("dd", {}, h("span", { class: "type" }, this.typeName(field)), " ", h("span", { class: "soft small" }, this.limits(field)),
          known.description && h("div", { class: "small" }, known.description),
          isNested && inner !== known && h("details", { class: "nested" }, h("summary", { class: "small soft" }, "its fields"), this.schema(field, depth + 1)))];
    }));
  }
}

function http(document) {
  const { json } = document, groups = new Map();
  for (const [path, item] of Object.entries(json.paths ?? {})) {
    for (const method of methods) {
      const operation = item[method];
      if (!operation) continue;
      const tag = operation.tags?.[0] ?? "Other";
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push({ path, method, operation, shared: item.parameters ?? [] });
    }
  }
  return [...groups].map(([tag, operations]) => ({
    name: tag, rows: operations.map((operation) => operationView(document, operation)),
  }));
}

function operationView(document, { path, method, operation, shared }) {
  const parameters = [...shared, ...(operation.parameters ?? [])].map((parameter) => document.resolve(parameter).value);
  const body = operation.requestBody && document.resolve(operation.requestBody).value;
  const contents = (part) => Object.entries(part?.content ?? {}).map(([, media]) => [
    media.schema && document.schema(media.schema),
    media.example !== undefined && h("pre", {}, JSON.stringify(media.example, null, 2))]);
  return h("details", { class: "card operation", id: operation.operationId },
    h("summary", {}, h("span", { class: `method ${method}` }, method.toUpperCase()), h("span", { class: "path" }, path), h("span", { class: "soft" }, operation.summary)),
    h("div", {},
      operation.description && h("p", { class: "text" }, operation.description),
      parameters.length > 0 && [h("h3", {}, "Parameters"), h("dl", { class: "fields" }, parameters.map((parameter) => [
        h("dt", {}, parameter.name, parameter.required ? "" : h("span", { class: "soft" }, "?")),
        h("dd", {}, h("span", { class: "type" }, document.typeName(parameter.schema)), " ", h("span", { class: "soft small" }, `in ${parameter.in} ${document.limits(parameter.schema)}`),
          parameter.description && h("div", { class: "small" }, parameter.description))]))],
      body && [h("h3", {}, "Body"), contents(body)],
      h("h3", {}, "Answers"),
      Object.entries(operation.responses ?? {}).map(([status, response]) => {
        const { value, name } = document.resolve(response);
        return h("details", { class: "nested" }, h("summary", {}, h("code", {}, status), " ", h("span", { class: "soft" }, value.description ?? name)), contents(value));
      })));
}

function messages(document) {
  const { json } = document, rows = [];
  for (const [key, channel] of Object.entries(json.channels ?? {})) {
    const { value } = document.resolve(channel);
    rows.push({ name: value.title ?? value.address ?? key, text: value.description, rows: Object.entries(value.messages ?? {}).map(([name, reference]) => {
      const message = document.resolve(reference).value;
      return h("details", { class: "card operation" },
        h("summary", {}, h("span", { class: "path" }, message.name ?? name), h("span", { class: "soft" }, message.summary ?? message.title)),
        h("div", {}, message.description && h("p", { class: "text" }, message.description), message.payload && document.schema(message.payload)));
    }) });
  }
  return rows;
}

async function load(path) {
  try {
    const response = await fetch(path);
    return response.ok ? new Document(await response.json()) : undefined;
  } catch { return undefined; }
}

const [openapi, asyncapi] = await Promise.all([load("/openapi.json"), load("/asyncapi.json")]);
const sections = [...(openapi ? http(openapi) : []), ...(asyncapi ? messages(asyncapi) : [])];
const id = (name) => name.toLowerCase().replace(/[^a-z0-9]+/g, "-");
fill(root, h("div", { class: "doc" },
  h("nav", { "aria-label": "Sections" }, openapi && h("b", {}, "HTTP"), sections.map((section) => h("a", { href: `#${id(section.name)}` }, section.name))),
  h("main", {},
    h("h1", {}, openapi?.json.info?.title ?? "How to talk to Parlor"),
    h("p", { class: "text" }, openapi?.json.info?.description ?? "The descriptions cannot be read just now."),
    sections.map((section) => [h("h2", { id: id(section.name) }, section.name), section.text && h("p", { class: "text soft" }, section.text), section.rows]))));
if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
