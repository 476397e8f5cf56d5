#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make the man pages of section 3 from the public headers, and pages of HTML from all of them.

    pages.py man OUT                    a page for each call, into the folder OUT
    pages.py html OUT PAGE...           OUT/NAME.SECTION.html for each page, by mandoc, and OUT/index.html
    pages.py synopsis PAGE...           the code of each page's SYNOPSIS, with #line directives

A comment above one call or several makes one page. Its first sentence is the page's NAME; paragraphs
follow. A paragraph that begins with "Returns", "Errors:" or "Threads:" has the section of that name.
A line that begins with a tab is an item, "NAME<tab>text", or code. lib/tlsring.map says which version
brought a call, and tests/examples/pages/*.c have what stands under EXAMPLE, between the lines
"/* page: CALL... */" and "/* page end */".
"""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HEADERS = ['lib/tlsring.h', 'ktls/tlsring_reason.h']
EXAMPLES = 'tests/examples/pages'
TEXTS = {'-ENOMEM': 'out of memory', '-EMFILE': 'the process has too many open descriptors'}
THREADS = {
    'conn': "Only the thread that runs the connection's engine, which is where handlers are called.",
    'engine': 'Only the thread that runs the engine.',
    'session': 'One at a time for each session.',
    'ssl': 'One at a time for each SSL.',
    'ctx': 'One at a time for each context.',
    'any': 'Any.',
}


def read(path):
    with open(os.path.join(ROOT, path), encoding='utf-8') as file:
        return file.read()


# ---- the headers ----


class Page:
    def __init__(self, comment, declarations):
        self.declarations = declarations
        self.names = [re.search(r'\b(tlsring_\w+)\(', text)[1] for text in declarations]
        self.sections = {'': [], 'Returns': [], 'Errors': [], 'Threads': []}
        section = ''
        for paragraph in paragraphs(comment):
            label = re.match(r'(Returns)\b|(Errors|Threads):\s*', paragraph[0])
            if label:
                section = label[1] or label[2]
                if label[2]:
                    paragraph[0] = paragraph[0][label.end():]
            if paragraph[0]:
                self.sections[section].append(paragraph)
        self.brief = self.sections[''].pop(0)[0]


def paragraphs(comment):
    """Lists of one line each of text, or of several that begin with a tab."""
    found, text = [], None
    for line in comment:
        line = re.sub(r'^ \* ?', '', line)
        if re.match(r'Returns\b|Errors:|Threads:', line):
            text = None
        if not line:
            text = None
        elif line.startswith('\t\t') and found and found[-1][0].startswith('\t'):
            found[-1][-1] += ' ' + line.strip()
        elif line.startswith('\t'):
            if found and found[-1][0].startswith('\t'):
                found[-1].append(line)
            else:
                found.append([line])
            text = None
        elif text:
            text[0] += ' ' + line
        else:
            text = [line]
            found.append(text)
    return found


def parse(path):
    """Yields a Page for each comment above calls."""
    lines, i, comment = read(path).split('\n'), 0, None
    while i < len(lines):
        if lines[i] == '/*':
            end = lines.index(' */', i)
            comment, i = lines[i + 1:end], end + 1
            declarations = []
            while re.match(r'[a-z].*\btlsring_\w+\(', lines[i]):
                text = lines[i]
                while not text.endswith(';'):
                    i += 1
                    text += '\n' + lines[i]
                declarations.append(text)
                i += 1
            if declarations:
                yield Page(comment, declarations)
        else:
            i += 1


def types():
    """The public structures and enumerations: name -> (kind, [(declaration, comment)])."""
    found = {}
    for path in HEADERS:
        for kind, name, body in re.findall(r'^(struct|enum) (tlsring_\w+) \{ ?(.*?) ?\};', read(path), re.M | re.S):
            found[name] = (kind, list(members(body)))
    return found


def members(text):
    """Yields (declaration, comment) of what stands between the braces of a structure or enumeration."""
    if '\n' not in text:
        yield from ((part.strip(), None) for part in text.split(',') if part.strip())
        return
    # The last value of an enumeration may go without a comma.
    before, lines = None, iter((re.sub(r'(\w)\s*$', r'\1,', text)).strip('\n').split('\n'))
    for line in lines:
        declaration, begun, comment = line.strip().partition('/*')
        while not begun and not declaration.rstrip().endswith((';', ',')):
            more, begun, comment = next(lines).strip().partition('/*')
            declaration += ' ' + more
        while begun and '*/' not in comment:
            comment += ' ' + re.sub(r'^\s*\*(?!/) ?', '', next(lines))
        comment = comment.replace('*/', '').strip()
        if not declaration.strip():
            before = comment
            continue
        if before and comment:
            comment = f'{comment}. {before}'
        yield declaration.strip().rstrip(','), comment or before
        before = None


def used(declarations, known):
    """The names of the types that declarations use, and those that these use."""
    names, text = [], ' '.join(declarations)
    while True:
        more = [name for name in re.findall(r'\b(?:struct|enum) (tlsring_\w+)', text)
                if name in known and name not in names]
        if not more:
            return names
        names += dict.fromkeys(more)
        text = ' '.join(declaration for name in more for declaration, _ in known[name][1])


def versions():
    found, version = {}, None
    for line in read('lib/tlsring.map').split('\n'):
        node = re.match(r'TLSRING_([0-9.]+) \{', line)
        call = re.match(r'\t(tlsring_\w+);', line)
        version = node[1] if node else version
        if call:
            found[call[1]] = version
    return found


def examples():
    found = {}
    for name in sorted(os.listdir(os.path.join(ROOT, EXAMPLES))):
        text = read(f'{EXAMPLES}/{name}')
        for calls, code in re.findall(r'^/\* page: ([\w *\n]+?) \*/\n(.*?)^/\* page end \*/', text, re.M | re.S):
            for call in re.findall(r'\w+', calls):
                found[call] = code.strip('\n')
    return found


# ---- roff ----


def sentence(text):
    return text if text.startswith('sizeof') else text[0].upper() + text[1:]


def roff(text):
    text = text.replace('\\', '\\e')
    text = re.sub(r'(?<![\w)])-(?=\w)', r'\\-', text)
    text = re.sub(r'`([^`]*)`', r'\\fB\1\\fR', text)
    text = re.sub(r'\b(tlsring_\w+)\(\)', r'\\fB\1\\fR(3)', text)
    text = re.sub(r'\b(TLSRING_\w+|E[A-Z]{3,}|SSL_\w+)\b(?!\\)', r'\\fB\1\\fR', text)
    return re.sub(r"^([.'])", r'\\&\1', text)


def code(text):
    return '\n'.join(re.sub(r"^([.'])", r'\\&\1', line.replace('\\', '\\e').replace('-', '\\-').expandtabs(8))
                     for line in text.split('\n'))


def listing(text):
    return f'.PP\n.nf\n.RS 4\n{code(text)}\n.RE\n.fi'


def body(found, otherwise, errors=False):
    out = []
    for paragraph in found:
        if not paragraph[0].startswith('\t'):
            out.append('.PP\n' + roff(paragraph[0]))
            continue
        for line in paragraph:
            name, _, text = line.strip().partition('\t')
            text = text.strip() or (TEXTS.get(name, '') if errors else None)
            if text is None:
                out.append(listing(name))
            else:
                out.append(f'.TP\n\\fB{name.replace("-", chr(92) + "-")}\\fR\n{roff(sentence(text))}'
                           if text else f'.TP\n\\fB{name.replace("-", chr(92) + "-")}\\fR')
    return '\n'.join(out) or otherwise


def threads(page):
    if page.sections['Threads']:
        return sentence(page.sections['Threads'][0][0])
    first = re.search(r'\(\s*(?:const )?struct (?:tlsring_)?(\w+?)(?:_st)? \*', page.declarations[0])
    return THREADS.get(first[1] if first else 'any', THREADS['any'])


def type_list(names, known):
    out = []
    for name in names:
        kind, rows = known[name]
        out.append(f'.SS {kind} {name}')
        for declaration, comment in rows:
            out.append(f'.TP\n\\fB{code(declaration)}\\fR')
            if comment:
                out.append(roff(sentence(comment)))
    return '\n'.join(out)


def see_also(page, names, known):
    text = ' '.join(line for section in page.sections.values() for paragraph in section for line in paragraph)
    text += ' '.join(comment or '' for name in names for _, comment in known[name][1])
    calls = sorted(set(re.findall(r'\b(tlsring_\w+)\(\)', text)) - set(page.names))
    return ',\n'.join(f'.BR {name} ({section})' for name, section in [(c, 3) for c in calls] + [('tlsring', 7)])


def page_text(page, known, since, example):
    names = used(page.declarations, known)
    brief = page.brief.rstrip('.')
    parts = [
        '.\\" SPDX-License-Identifier: MIT',
        '.\\" Made by man/pages.py from the public headers.',
        f'.TH {page.names[0].upper()} 3 "" "tlsring" "Library Calls"',
        '.SH NAME', f'{", ".join(page.names)} \\- {brief[0].lower() + brief[1:]}',
        '.SH SYNOPSIS', '.nf', '#include <tlsring.h>\n', code('\n'.join(page.declarations)), '.fi',
        '.SH DESCRIPTION', roff(page.brief), body(page.sections[''], ''),
    ]
    if names:
        parts += ['.SH TYPES', type_list(names, known)]
    parts += [
        '.SH RETURN VALUE', body(page.sections['Returns'], 'Nothing.'),
        '.SH ERRORS', body(page.sections['Errors'], 'None.', errors=True),
        '.SH THREADS', roff(threads(page)),
        '.SH SINCE', 'tlsring ' + ', '.join(dict.fromkeys(since[name] for name in page.names)) + '.',
        '.SH EXAMPLE', listing(example),
        '.SH SEE ALSO', see_also(page, names, known),
    ]
    return re.sub(r'^(\.SH .*\n)\.PP\n', r'\1', '\n'.join(filter(None, parts)), flags=re.M) + '\n'


def make_man(out):
    known, since, shown = types(), versions(), examples()
    os.makedirs(out, exist_ok=True)
    for page in [page for path in HEADERS for page in parse(path)]:
        example = next((shown[name] for name in page.names if name in shown), None)
        if not example:
            sys.exit(f'pages.py: {EXAMPLES} has no example of {page.names[0]}')
        with open(f'{out}/{page.names[0]}.3', 'w', encoding='utf-8') as file:
            file.write(page_text(page, known, since, example))
        for name in page.names[1:]:
            with open(f'{out}/{name}.3', 'w', encoding='utf-8') as file:
                file.write(f'.so man3/{page.names[0]}.3\n')


# ---- from pages ----


def unroff(text):
    return text.replace('\\-', '-').replace('\\&', '').replace('\\e', '\\')


def make_synopses(pages):
    for page in pages:
        with open(page, encoding='utf-8') as file:
            text = re.search(r'^\.SH SYNOPSIS\n(.*?)^\.SH', file.read(), re.M | re.S)[1]
        lines = [line for line in text.split('\n') if not line.startswith('.')]
        print(f'#line 1 "{page}"\n{unroff(chr(10).join(lines))}')


def linked(html, there):
    def link(match):
        name = f'{match[1]}.{match[2]}'
        return f'<a href="{name}.html">{match[0]}</a>' if name in there else match[0]
    return re.sub(r'<b>([\w.-]+)</b>\((\d)\)', link, html)


def make_html(out, pages):
    os.makedirs(out, exist_ok=True)
    there = {os.path.basename(page): page for page in pages}
    index = []
    for name, page in sorted(there.items(), key=lambda item: (item[0][-1], item[0])):
        with open(page, encoding='utf-8') as file:
            other = re.match(r'\.so man\d/(\S+)', file.read())
        html = subprocess.run(['mandoc', '-T', 'html', '-O', 'style=style.css',
                               there[other[1]] if other else page], check=True, stdout=subprocess.PIPE).stdout
        with open(f'{out}/{name}.html', 'w', encoding='utf-8') as file:
            file.write(linked(html.decode(), there))
        stem, _, section = name.rpartition('.')
        index.append(f'<li><a href="{name}.html">{stem}({section})</a></li>')
    with open(f'{out}/index.html', 'w', encoding='utf-8') as file:
        file.write('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>tlsring</title>\n'
                   '<link rel="stylesheet" href="style.css"></head>\n<body><h1>tlsring</h1>\n<ul>\n' +
                   '\n'.join(index) + '\n</ul></body></html>\n')
    with open(f'{out}/style.css', 'w', encoding='utf-8') as file:
        file.write('body { max-width: 50em; margin: 1em auto; padding: 0 1em; font-family: sans-serif; }\n'
                   'table.head, table.foot { width: 100%; }\ntd.head-rtitle, td.foot-os { text-align: right; }\n'
                   'td.head-vol { text-align: center; }\n.Nd, .Bd-indent { margin-left: 2em; }\n'
                   'dd { margin-bottom: 0.5em; }\npre { overflow-x: auto; }\n')


def main():
    if len(sys.argv) == 3 and sys.argv[1] == 'man':
        make_man(sys.argv[2])
    elif len(sys.argv) > 3 and sys.argv[1] == 'html':
        make_html(sys.argv[2], sys.argv[3:])
    elif len(sys.argv) > 2 and sys.argv[1] == 'synopsis':
        make_synopses(sys.argv[2:])
    else:
        sys.exit(__doc__)


if __name__ == '__main__':
    main()
