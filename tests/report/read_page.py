"""Reads a page of the report: its tables, its text, its verdict."""

import html as html_text
import re
from html.parser import HTMLParser

from kgan.report.load import read_run
from kgan.report.page import render


class Page(HTMLParser):
    """The page's tables as rows of cell texts, its tags with their attributes, and its text."""

    def __init__(self, html):
        super().__init__()
        self.tables, self.tags, self.words, self.open = [], [], [], []
        self.feed(html)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
        self.open.append(tag)

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)
        if {"td", "th"} & set(self.open):
            self.tables[-1][-1][-1] += data

    def table(self, word):
        """The first table with a cell `word`."""
        return next(table for table in self.tables if any(word in row for row in table))


def page_of(*folders):
    return Page(render([read_run(folder) for folder in folders]))


def verdict_of(page_html):
    verdict = re.search(r'<p class="verdict">(.*?)</p>', page_html, re.DOTALL)[1]
    return " ".join(html_text.unescape(re.sub("<[^>]*>", "", verdict)).split())
