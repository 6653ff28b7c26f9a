"""Common first names, by which "i am tom" without capitals is told from "i am tired"."""

from __future__ import annotations

_ENGLISH = """
aaron abby abigail adam adrian aidan alan albert alex alexander alexandra alfie alice alison amanda amber amelia amy
andrea andrew andy angela anna anne annie anthony archie arthur ashley audrey barbara ben benjamin beth bill billy
bob bobby bonnie brad brandon brenda brian bruce caleb cameron carl carol caroline catherine charles charlie charlotte
cheryl chloe chris christian christina christine christopher cindy claire colin connor craig cynthia daniel danielle
danny dave david dean deborah dennis diana diane donald donna dorothy doug douglas dylan ed eddie edward eleanor
elizabeth ella ellen ellie emily emma eric erin ethan eugene eva evan evelyn fiona frances frank fred gary gavin george
gerald gina gordon graham greg hannah harold harriet harry hazel heather helen henry holly howard hugh ian isaac
isabella isla ivan ivy jack jackson jacob jake james jamie jane janet janice jason jay jean jeff jennifer jenny
jeremy jerry jess jesse jessica jim jimmy joan joanna joe joel john johnny jonathan jordan jose joseph josh joshua
joyce juan judith judy julia julian julie justin karen kate katherine kathy katie keith kelly ken kenneth kevin kim
kyle larry laura lauren lawrence leah lee leo leon liam lily linda lisa liz logan lorraine louis louise lucas lucy
luke lynn maggie marcus margaret maria marie marion marilyn martha martin mary mason mathew matt matthew megan melissa
mia michael michelle mike mohammed molly monica muhammad nancy natalie natasha nathan neil nicholas nick nicola nicole
noah norman oliver olivia oscar owen pam pamela patricia patrick paul paula pauline peggy pete peter phil philip phoebe
poppy rachel ralph ray raymond rebecca richard rick rob robert robin roger ron ronald rosie ross roy ruby russell ruth
ryan sally sam samantha samuel sandra sara sarah scott sean sebastian sharon shaun shirley simon sophia sophie stacey
stanley stella stephanie stephen steve steven stuart sue susan suzanne tara ted teresa terry thomas tim timothy tina
toby todd tom tommy tony tracy travis trevor tyler vanessa vera veronica victor victoria vincent virginia walter wayne
wendy william zach zachary zoe priya raj aisha fatima omar ali hassan yusuf wei ming yuki kenji sofia mateo diego
carlos luis pedro miguel pablo elena carmen lucia
"""
_GERMAN = """
achim alina andreas angelika anja anke anneliese annette annika antje armin astrid axel bastian beate benedikt bernd
bernhard bettina birgit björn britta brigitte burkhard carina carsten christa christiane christoph claudia clara
conny cornelia dagmar daniela detlef dieter dietmar dirk doris elena elias elif elisabeth elke elsa emil erich erika
ernst erwin esther eva fabian felix finn florian franz franziska friedrich frieda frieder fritz gabi gabriele georg
gerda gerd gerhard gertrud gisela greta gudrun günter günther gustav hanna hannes hans harald hedwig heike heiko heinz
helga helmut henrik herbert hermann hildegard holger horst hubert ida ilse ines inga inge ingo ingrid irene iris irmgard
jan jana jannik jens joachim jochen johann johanna johannes jonas jörg josef judith juliane jürgen jutta kai karin karl
karla katharina kathrin katja katrin kerstin klaus konrad konstantin kurt lara lars lea lena leni leonie lina lothar
lotta lotte ludwig lukas luisa lutz malte manfred manuel manuela marc marcel marco mareike margit marianne marina mario
marion marius mark markus marlene martina mathilda mathias matthias max maximilian mehmet melanie merle michaela mila
mirjam mona monika moritz murat mustafa nadine nadja nele niklas nils nina norbert olaf ole olga oskar otto patrizia
peer petra philipp pia rainer ralf regina reinhard renate rita rolf rosemarie rudi rudolf sabine sandro sascha sibylle
sigrid silke silvia simone sonja stefan stefanie steffen susanne susi sven svenja swantje tanja theo theresa thorsten
tilo till tobias torsten udo ulla ulli ulrich ulrike ursula ute uwe valentin verena viktor volker walter waltraud werner
wilhelm wolfgang yannick yasmin zeynep ayse emre
"""
FIRST_NAMES = frozenset(f"{_ENGLISH} {_GERMAN}".split())
