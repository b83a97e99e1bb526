import { describe, expect, it } from 'vitest';
import { compileTemplate } from './evaluate.ts';
import { TemplateError } from './template-error.ts';

const data = {
  Name: '/web',
  Count: 3,
  Running: true,
  Empty: '',
  Nothing: null,
  Env: ['A=1', 'B=2'],
  Networks: { lab: { IP: '10.0.0.2' }, bridge: { IP: '172.17.0.2' } },
  Ports: { '80/tcp': [{ HostPort: '8080' }] },
  Label: (name: unknown) => `<${String(name)}>`,
};

function render(template: string): string {
  return compileTemplate(template, { strict: true })(data);
}

describe('templates', () => {
  it.each([
    ['{{.Name}} is {{.Running}} {{.Count}}', '/web is true 3'],
    ['{{.Networks.lab.IP}}', '10.0.0.2'],
    ['{{json .Env}} {{json .Name}}', '["A=1","B=2"] "/web"'],
    ['{{join .Env ", "}}', 'A=1, B=2'],
    ['{{upper .Name}}{{lower "ABC"}}{{title "a bc"}}', '/WEBabcA Bc'],
    ['{{range .Env}}[{{.}}]{{end}}', '[A=1][B=2]'],
    ['{{range $i, $e := .Env}}{{$i}}={{$e}};{{end}}', '0=A=1;1=B=2;'],
    ['{{range $k, $v := .Networks}}{{$k}} {{$v.IP}};{{end}}', 'bridge 172.17.0.2;lab 10.0.0.2;'],
    ['{{range .Nothing}}x{{else}}none{{end}}', 'none'],
    ['{{if .Empty}}a{{else if eq .Count 3}}b{{else}}c{{end}}', 'b'],
    ['{{if and .Running (gt .Count 2)}}yes{{end}}', 'yes'],
    ['{{if or .Empty .Nothing}}a{{else}}b{{end}}', 'b'],
    ['{{with .Networks.lab}}{{.IP}} {{$.Name}}{{end}}', '10.0.0.2 /web'],
    ['{{(index (index .Ports "80/tcp") 0).HostPort}}', '8080'],
    ['{{index .Env 1}}', 'B=2'],
    ['{{len .Env}} {{len .Name}}', '2 4'],
    ['{{.Name | printf "%-6s|" }}', '/web  |'],
    ['{{printf "%q %05d %x" .Name .Count 255}}', '"/web" 00003 ff'],
    ['{{println .Name .Count}}', '/web 3\n'],
    ['{{.Label "x.y"}}', '<x.y>'],
    ['{{split "a:b" ":"}}', '[a b]'],
    ['{{truncate .Name 2}}{{pad "x" 1 2}}|', '/w x  |'],
    ['{{.Nothing}} {{.Networks.lab}}', '<no value> map[IP:10.0.0.2]'],
    ['a  {{- .Count -}}  b{{/* a comment */}}', 'a3b'],
    ['{{$x := .Count}}{{$x}}{{`raw "text"`}}', '3raw "text"'],
    ['{{not .Empty}} {{ne .Count 4}}', 'true true'],
  ])('%s', (template, text) => {
    expect(render(template)).toBe(text);
  });

  it.each([
    '{{.Name',
    '{{range .Env}}',
    '{{end}}',
    '{{nosuch .Name}}',
    '{{.Missing}}',
    '{{.Name.Inner}}',
    '{{index .Env 9}}',
    '{{if}}x{{end}}',
    '{{.Name | }}',
  ])('%s is an error', (template) => {
    expect(() => render(template)).toThrow(TemplateError);
  });
});
